import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import type { Performed } from '../run/perform.ts'
import { figuresOf } from './figures.ts'
import { plot } from './plot.ts'
import { reportOf } from './table.ts'

const RESULTS = join(import.meta.dirname, '../results')

/** Prints the report of a run and, if it is to be kept, writes it down: as Markdown, as JSON, and drawn. */
export async function report(performed: Performed, { keep }: { readonly keep: boolean }): Promise<void> {
  const { driver, ran, seed, startedMs, endedMs, history, violations } = performed
  const figures = figuresOf(history)
  const { staleAfterMs } = history
  const times = { startedMs, tookMs: endedMs - startedMs, staleAfterMs }
  const head = { driver, ran, cores: availableParallelism(), seed, ...times }
  const markdown = reportOf(head, figures, violations)
  process.stdout.write(`\n${markdown}\n`)
  if (!keep) return
  await mkdir(RESULTS, { recursive: true })
  const path = join(RESULTS, driver)
  await writeFile(`${path}.md`, `${markdown}\n\n![The run, drawn](${driver}.svg)\n`)
  await writeFile(`${path}.json`, `${JSON.stringify({ ...head, violations, ...figures }, undefined, 2)}\n`)
  await writeFile(`${path}.svg`, plot(history, { startedMs, endedMs }))
  process.stdout.write(`\nWritten to ${relative(process.cwd(), RESULTS)}/${driver}.md, .json and .svg\n`)
}
