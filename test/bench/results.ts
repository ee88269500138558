import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IDS } from './options.ts'
import { plotOf } from './plot.ts'
import { markdownOf, type Result } from './result.ts'

/** Where full runs leave what they found. */
export const RESULTS = join(import.meta.dirname, 'results')

/** Writes one result, and the table of all that are there. */
export async function keepResult(result: Result): Promise<void> {
  await mkdir(RESULTS, { recursive: true })
  await writeFile(join(RESULTS, `${result.id}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
  await writeFile(join(RESULTS, `${result.id}.svg`), plotOf(result.plot))
  const all = await Promise.all(
    IDS.map(async (id) => {
      const text = await readFile(join(RESULTS, `${id}.json`), 'utf8').catch(() => undefined)
      return text === undefined ? [] : [JSON.parse(text) as Result]
    }),
  )
  const parts = all.flat().map((one) => `${markdownOf(one)}\n\n![${one.plot.title}](${one.id}.svg)`)
  await writeFile(join(RESULTS, 'results.md'), `${['# Results of `pnpm bench`', ...parts].join('\n\n')}\n`)
}
