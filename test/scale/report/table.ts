import { RULES, type Violation } from '../oracle/judge.ts'
import { LIVE_WITHIN_MS } from '../oracle/recoveries.ts'
import type { Figures, Spread } from './figures.ts'

/** What a report says beside the figures. */
export interface ReportHead {
  readonly driver: string
  readonly ran: string
  /** Processors of the machine. */
  readonly cores: number
  readonly seed: number
  readonly startedMs: number
  readonly tookMs: number
  readonly staleAfterMs: number
}

/** The report of a run, as Markdown. */
export function reportOf(head: ReportHead, figures: Figures, violations: readonly Violation[]): string {
  return [
    `# Scaling run on ${head.driver}`,
    `${head.ran}; ${head.cores} cores, shared by everything that ran; \`--seed ${head.seed}\`; ${seconds(head.tookMs)};` +
      ` \`staleAfterMs\` ${head.staleAfterMs}.`,
    verdict(violations, head.startedMs),
    '## From a revocation to its refusal',
    PROPAGATION,
    propagationTable(figures),
    '## From a start, or the end of a fault, to live',
    RECOVERY,
    recoveryTable(figures),
    '## What was done and seen',
    markdownTable(
      ['', 'count'],
      Object.entries(figures.counts).map(([what, count]) => [what, `${count}`]),
    ),
  ].join('\n\n')
}

const PROPAGATION = `Milliseconds. One replica after another is asked about a token without a pause, which is then revoked by its \`jti\`. What counts
is when the first refusal was received; so every figure includes one HTTP request, and may be late by up to "sampled
within": the time since the last question that was still answered 200 had been sent. From the answer: since the publisher's
201 was received; 0 if the refusal was seen before it. What a fault hindered is counted beside.`

const RECOVERY = `Milliseconds, seen by looking ten times a second. After a start: from when the process listens, until it says that it is live.
After a fault: from its end, until it says that it is live by a proof asked for after that end. At most ${LIVE_WITHIN_MS} is right.`

function verdict(violations: readonly Violation[], startedMs: number): string {
  if (violations.length === 0) return '**Nothing was wrong**: every rule of the oracle held.'
  const counted = Object.entries(RULES).flatMap(([rule, text]) => {
    const broken = violations.filter((violation) => violation.rule === rule)
    const [first] = broken
    if (first === undefined) return []
    const when = first.atMs === Number.MAX_VALUE ? 'at the end' : `after ${seconds(first.atMs - startedMs)}`
    return [`- \`${rule}\`, ${broken.length} times: ${text}. First ${when}: ${first.detail}`]
  })
  return [`**${violations.length} violations.**`, '', ...counted].join('\n')
}

function propagationTable({ replicas }: Figures): string {
  const head = ['replica', 'revocations', 'from sending: p50', 'p99', 'max', 'from the answer: p50', 'p99', 'max']
  const rows = replicas.map(({ replica, fromSending, fromAnswer, sampledWithin, inFaults }) => [
    replica,
    `${fromSending.count}`,
    ...three(fromSending),
    ...three(fromAnswer),
    tenths(sampledWithin.p50),
    `${inFaults}`,
  ])
  return markdownTable([...head, 'sampled within (p50)', 'hindered by faults'], rows)
}

function recoveryTable({ recoveries }: Figures): string {
  const rows = recoveries.map(({ after, replicas, firstMs, lastMs }) => {
    return [after, `${replicas}`, whole(firstMs), whole(lastMs)]
  })
  return markdownTable(['after', 'replicas', 'the first', 'the last'], rows)
}

/** Cells are padded, so that the source reads as a table, too; the first column to the left, figures to the right. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function three({ p50, p99, max }: Spread): string[] {
  return [p50, p99, max].map(tenths)
}

function tenths(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(1)
}

function whole(value: number | undefined): string {
  return value === undefined ? 'never' : value.toFixed(0)
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} s`
}
