import type { Machine } from './machine.ts'
import type { Findings, Question } from './question.ts'

/** What one question found, and where: what `results/` keeps as JSON. */
export interface Result extends Findings {
  readonly id: Question['id']
  readonly title: string
  readonly machine: Machine
  readonly date: string
  readonly seed: number
  readonly command: string
}

/** A result as Markdown: its goals first, plainly. */
export function markdownOf(result: Result): string {
  const { id, title, machine, versions, date, seed, command, goals, columns, rows, notes } = result
  const { system, processor, cores, memoryGb, node, commit } = machine
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const where = [`${cores} × ${processor}`, `${memoryGb} GB`, system, `Node ${node}`, ...others].join(', ')
  const how = [`\`${command}\``, `seed ${seed}`, date, ...(commit ? [`commit ${commit}`] : [])].join(', ')
  return [
    `## ${id}: ${title}`,
    goals
      .map((goal) => `- ${goal.met ? '**met**' : '**missed**'}: ${goal.what}: ${goal.measured}; wanted: ${goal.wanted}`)
      .join('\n'),
    markdownTable(columns, rows),
    notes.join(' '),
    `${where}; ${how}.`,
  ].join('\n\n')
}

/** Cells in columns of one width. */
function markdownTable(columns: Findings['columns'], rows: Findings['rows']): string {
  const cells = [columns, ...rows].map((row) => row.map(String))
  const widths = columns.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)))
  const written = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [written[0], rule, ...written.slice(1)].join('\n')
}
