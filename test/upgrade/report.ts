import type { Release } from './orders.ts'

/** One row: what was done, who stood where afterwards, and what came of it. */
export interface Row {
  readonly order: string
  readonly step: string
  readonly publishers: readonly Release[]
  readonly replicas: readonly Release[]
  /** From spawning the new process until it was ready, in milliseconds; absent if it never was, or if none was started. */
  readonly readyMs?: number
  /** Revocations and lifts that were acknowledged. */
  readonly acknowledged: number
  /** The slowest way from an acknowledgement to the last replica, in milliseconds. */
  readonly slowestMs: number
  /** Answers of the APIs to requests that never paused. */
  readonly answers: number
  /** How many of them were 503. */
  readonly unknown: number
  readonly problems: readonly string[]
}

const SHOWN_PROBLEMS = 2

const HEAD = ['step', 'publishers', 'apis', 'ready after', 'acknowledged', 'last api after', 'answers', '503', '']

/** The rows as a table of Markdown, an order after the other, and under each row what was wrong. */
export function tableOf(rows: readonly Row[]): string {
  const lines: string[] = []
  let order: string | undefined
  for (const row of rows) {
    if (row.order !== order) {
      lines.push(
        ...(order === undefined ? [] : ['']),
        `**${row.order}**`,
        '',
        cells(HEAD),
        cells(HEAD.map(() => '---')),
      )
      order = row.order
    }
    lines.push(cells(cellsOf(row)))
  }
  const problems = rows.flatMap(problemsOf)
  return [...lines, ...(problems.length === 0 ? [] : ['', ...problems])].join('\n')
}

/** All of them were told when they came; here the first of each row will do. */
function problemsOf({ order, step, problems }: Row): string[] {
  const more = problems.length > SHOWN_PROBLEMS ? [`and ${problems.length - SHOWN_PROBLEMS} more`] : []
  return [...problems.slice(0, SHOWN_PROBLEMS), ...more].map((problem) => `- ${order}, ${step}: ${problem}`)
}

/** The last line: how many steps held. */
export function verdictOf(rows: readonly Row[]): { readonly held: boolean; readonly text: string } {
  const held = rows.filter(({ problems }) => problems.length === 0).length
  return { held: rows.length > 0 && held === rows.length, text: `${held} of ${rows.length} steps held.` }
}

function cellsOf(row: Row): string[] {
  return [
    row.step,
    row.publishers.join(' '),
    row.replicas.join(' '),
    row.readyMs === undefined ? '' : `${Math.round(row.readyMs)} ms`,
    String(row.acknowledged),
    `${Math.round(row.slowestMs)} ms`,
    String(row.answers),
    String(row.unknown),
    row.problems.length === 0 ? 'held' : 'FAILED',
  ]
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`
}
