import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** What a run of `rescind` came to. */
export interface Ran {
  readonly exitCode: number | null
  readonly out: string
  readonly err: string
}

/** How it is run. */
export interface RunOptions {
  readonly url?: string
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with what is on stdout and stderr so far; may send a signal, or stop reading. */
  readonly onOutput?: (so: { out: string; err: string }, process: ReturnType<typeof spawn>) => void
}

/** Runs the real program in a process of its own, and waits until it has ended. */
export async function rescind(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, ['--conditions=@rescind/source', '--import', 'tsx', MAIN, ...args], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? '',
      RESCIND_KEY: 'rsk_test',
      ...(options.url !== undefined && { RESCIND_URL: options.url }),
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const so = { out: '', err: '' }
  for (const [name, stream] of [['out', child.stdout] as const, ['err', child.stderr] as const]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      so[name] += text
      options.onOutput?.(so, child)
    })
  }
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { exitCode, ...so }
}
