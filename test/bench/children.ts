import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A process of a bench's own, which ends when its standard input does: also when the bench is killed. */
export interface Child {
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a script of this folder and resolves once it has printed its first line. Rejects if it ends before. */
export async function startChild(script: string, args: readonly string[]): Promise<Child> {
  const path = new URL(script, import.meta.url).pathname
  const stdio = ['pipe', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, [...process.execArgv, path, ...args], { stdio: [...stdio] })
  const ended = once(child, 'exit')
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error(`${script} ended before it was ready`))),
  ])
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}
