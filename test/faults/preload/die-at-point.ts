/**
 * Loaded into a publisher before its program: kills the process, as `kill -9` does, where a frame is at the point that
 * FAULT_POINT names, the FAULT_NTH time. What it is about to do it first writes to the file FAULT_MARK, at once: without
 * that line nobody may say that the process died there.
 */
import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'

interface Told {
  readonly point: string
  readonly frameId: string
}

const { FAULT_POINT: wanted, FAULT_NTH: nth = '1', FAULT_SPIN_MS: spinMs = '-1', FAULT_MARK: file } = process.env
const mark = file === undefined ? undefined : openSync(file, 'a')
let left = Number(nth)
let isDying = false

function die({ point, frameId }: Told): void {
  if (mark !== undefined) writeSync(mark, `${point} ${frameId}\n`)
  process.kill(process.pid, 'SIGKILL')
  // The signal ends the whole process before this thread runs on; should it be late, nothing more may happen here.
  for (;;);
}

/** Appended, and not acknowledged: the bytes leave in a microtask, and while this thread spins nothing is read. */
function dieAfterSending(told: Told): void {
  const spin = Number(spinMs)
  if (spin < 0) die(told)
  setImmediate(() => {
    if (!isDying) return
    const startedMs = performance.now()
    while (performance.now() - startedMs < spin);
    die(told)
  })
}

subscribe('rescind.publisher.frame', (message) => {
  const told = message as Told
  // The answer of the broker came in between after all: the next one, then.
  if (isDying && told.point === 'acknowledged') isDying = false
  if (told.point !== wanted) return
  left -= 1
  if (left > 0) return
  if (told.point !== 'appending') die(told)
  isDying = true
  dieAfterSending(told)
})
