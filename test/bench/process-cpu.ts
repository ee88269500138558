import { readFileSync } from 'node:fs'

/** Ticks in which Linux counts processor time: USER_HZ, 100 a second on every architecture that Node runs on. */
const TICKS_PER_SEC = 100

/** Seconds of processor time that a process has used so far, in user and in kernel; undefined where there is no /proc. */
export function cpuSec(pid: number): number | undefined {
  try {
    // After the name in parentheses: the state is field 3, utime and stime are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC
  } catch {
    return undefined
  }
}

/** Resident memory in megabytes, now and at the most since the process began; undefined where there is no /proc. */
export function rssMb(pid: number): { readonly now: number; readonly most: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6
    return { now: field('VmRSS'), most: field('VmHWM') }
  } catch {
    return undefined
  }
}

/** What each of several processes has used while `body` ran, as a share of one core. */
export async function sharesOfCore(
  pids: Readonly<Record<string, number>>,
  body: () => Promise<void>,
): Promise<{ readonly shares: Readonly<Record<string, number>>; readonly elapsedSec: number }> {
  const before = Object.entries(pids).map(([name, pid]) => [name, cpuSec(pid), pid] as const)
  const startedMs = performance.now()
  await body()
  const elapsedSec = (performance.now() - startedMs) / 1000
  const shares = before.flatMap(([name, was, pid]) => {
    const is = cpuSec(pid)
    return was === undefined || is === undefined ? [] : [[name, (is - was) / elapsedSec] as const]
  })
  return { shares: Object.fromEntries(shares), elapsedSec }
}
