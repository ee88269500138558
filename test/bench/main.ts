import { BROADCAST } from './broadcast.ts'
import { BULK } from './bulk.ts'
import { thisMachine } from './machine.ts'
import { HELP, readOptions } from './options.ts'
import type { Question } from './question.ts'
import { RECEIPT } from './receipt.ts'
import { markdownOf, type Result } from './result.ts'
import { keepResult } from './results.ts'
import { stopSignal } from './running-parts.ts'
import { SINGLES } from './singles.ts'

const QUESTIONS: readonly Question[] = [BROADCAST, RECEIPT, SINGLES, BULK]

/** `pnpm bench`. For its exit codes see `options.ts`. */
async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv)
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if ('mistake' in options) {
    process.stderr.write(`${options.mistake}\n\n${HELP}`)
    return 2
  }
  const stop = stopSignal()
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  const machine = await thisMachine()
  const command = ['pnpm bench', ...argv.filter((argument) => argument !== '--')].join(' ')
  const startedMs = performance.now()
  let code = 0
  for (const { id, title, ask } of QUESTIONS) {
    if (!options.only.includes(id) || stop.aborted) continue
    const tell = (line: string) => {
      const sec = ((performance.now() - startedMs) / 1_000).toFixed(0)
      process.stderr.write(`${sec.padStart(4)} s  ${id}  ${line}\n`)
    }
    try {
      tell(title)
      const findings = await ask({ short: options.short, seed, stop, tell })
      if (stop.aborted) break
      const result: Result = { id, title, ...findings, machine, date: new Date().toISOString(), seed, command }
      process.stdout.write(`\n${markdownOf(result)}\n\n`)
      if (!options.short) await keepResult(result)
    } catch (error) {
      if (stop.aborted) break
      process.stderr.write(`✖ ${id}: ${error instanceof Error ? error.stack : error}\n`)
      code = 1
    }
  }
  return stop.aborted ? 130 : code
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  },
)
