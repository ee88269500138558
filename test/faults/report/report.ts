import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join, relative } from 'node:path'
import { RULES, type Violation } from '../oracle/judge.ts'
import type { PartResult, Table } from '../parts/part.ts'

const RESULTS = join(import.meta.dirname, '../results')

/** What a report says beside its parts. */
export interface ReportHead {
  readonly seed: number
  readonly hits: number
  readonly tookMs: number
  readonly brokerVersion: string
}

/** Prints the report of a run and, if it is to be kept, writes it down, as Markdown and as JSON. */
export async function report(
  head: ReportHead,
  parts: readonly PartResult[],
  { keep }: { readonly keep: boolean },
): Promise<void> {
  const markdown = reportOf(head, machine(), parts)
  process.stdout.write(`\n${markdown}\n`)
  if (!keep) return
  await mkdir(RESULTS, { recursive: true })
  await writeFile(join(RESULTS, 'faults.md'), `${markdown}\n`)
  const json = { ...head, machine: machine(), parts: parts.map(({ text: _, tables: __, ...kept }) => kept) }
  await writeFile(join(RESULTS, 'faults.json'), `${JSON.stringify(json, undefined, 2)}\n`)
  process.stdout.write(`\nWritten to ${relative(process.cwd(), RESULTS)}/faults.md and .json\n`)
}

/** The report of a run, as Markdown. */
export function reportOf(head: ReportHead, on: string, parts: readonly PartResult[]): string {
  const { seed, hits, tookMs, brokerVersion } = head
  const wrong = parts.flatMap(({ violations }) => violations)
  return [
    '# Faults',
    `nats-server ${brokerVersion}, Node ${process.versions.node}; ${on}; \`--seed ${seed} --hits ${hits}\`; ${(tookMs / 60_000).toFixed(1)} minutes.`,
    wrong.length === 0 ? '**Nothing was wrong.**' : `**${wrong.length} violations.**`,
    ...parts.flatMap(({ title, text, tables, violations }) => [
      `## ${title}`,
      text.join('\n'),
      ...tables.map(tableOf),
      ...(violations.length > 0 ? [violationsOf(violations)] : []),
    ]),
  ].join('\n\n')
}

/** Where it ran. */
export function machine(): string {
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  return `${type()} ${release()}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${memory} GiB`
}

const SHOWN = 5

function violationsOf(violations: readonly Violation[]): string {
  return Object.entries(RULES)
    .flatMap(([rule, text]) => {
      const broken = violations.filter((violation) => violation.rule === rule)
      if (broken.length === 0) return []
      return [
        `- \`${rule}\`, ${broken.length} times: ${text}.`,
        ...broken.slice(0, SHOWN).map(({ detail }) => `  - ${detail}`),
      ]
    })
    .join('\n')
}

function tableOf({ head, rows }: Table): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
