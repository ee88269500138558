import { readdir, readFile } from 'node:fs/promises'

const STOP_TIMEOUT_MS = 10_000

/**
 * Resolves when every thread of a process stands still after a SIGSTOP: one in the middle of a system call goes on until it
 * returns from it. Where there is no /proc we take the chance.
 */
export async function allThreadsStopped(pid: number): Promise<void> {
  const deadline = performance.now() + STOP_TIMEOUT_MS
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  for (const task of tasks) {
    // The state is the first letter after the name in parentheses: T for stopped.
    const state = () => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8').then((stat) => stat.split(') ')[1]?.[0])
    while ((await state().catch(() => 'T')) !== 'T') {
      if (performance.now() > deadline) throw new Error(`process ${pid} does not stop`)
    }
  }
}
