import { cpus, release, totalmem, type } from 'node:os'
import { runProgram } from '../launcher/run-program.ts'

/** Where and by what something was measured. */
export interface Machine {
  readonly system: string
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly node: string
  /** Of this repository, with a `+` if files differ from it; absent where there is no git. */
  readonly commit?: string
}

/** This machine. */
export async function thisMachine(): Promise<Machine> {
  const git = (args: string[]) =>
    runProgram('git', args, { cwd: import.meta.dirname, env: process.env, timeoutMs: 10_000 })
  const [head, changes] = await Promise.all([git(['rev-parse', '--short', 'HEAD']), git(['status', '--porcelain'])])
  const commit = head.failure ? undefined : `${head.output.trim()}${changes.output.trim() === '' ? '' : '+'}`
  return {
    system: `${type()} ${release()}`,
    processor: cpus()[0]?.model.trim() || process.arch,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    ...(commit && { commit }),
  }
}
