import type { SystemCall } from './strace.ts'

/** What the system calls say of one answer. */
export interface AnswerOrder {
  readonly status: number
  /** Of its facts. */
  readonly ids: readonly string[]
  /** `late`: it left before the flush after the write of one of its facts had returned; `untraced`: no such write was seen. */
  readonly order: 'right' | 'late' | 'untraced'
  /** From the return of the last flush to the leaving, in microseconds; only if right. */
  readonly afterUs?: number
  /** Other answers that wait for the same flush count as one group. */
  readonly flush?: number
}

const HTTP_ANSWER = /"HTTP\/1\.1 (20[12]) /
const ID = /\\"id\\":\\"([0-9a-f-]{36})\\"/g

/** Holds every answer of success against the flush of the Store's log that its facts had to wait for. */
export function ordersOf(calls: readonly SystemCall[]): readonly AnswerOrder[] {
  const writes = calls.filter(({ name, on }) => name === 'write' && /\/facts\/\d+\.log>/.test(on))
  const flushes = calls.filter(({ name }) => name === 'fdatasync' || name === 'fsync')
  return calls.flatMap((call) => {
    const status = /<TCP/.test(call.on) ? Number(HTTP_ANSWER.exec(call.text)?.[1] ?? 0) : 0
    const ids = [...call.text.matchAll(ID)].map(([, id = '']) => id)
    return status === 0 || ids.length === 0 ? [] : [orderOf(call, status, ids, writes, flushes)]
  })
}

function orderOf(
  answer: SystemCall,
  status: number,
  ids: readonly string[],
  writes: readonly SystemCall[],
  flushes: readonly SystemCall[],
): AnswerOrder {
  const flushed = ids.map((id) => {
    // The log breaks what it holds at every 32 KB: an id may be cut, and its neighbour tells.
    const write = writes.find(({ text }) => text.includes(id))
    return (
      write &&
      (flushes.find((flush) => flush.on === write.on && flush.entry > write.exit && flush.result === 0) ?? 'never')
    )
  })
  const known = flushed.filter((flush) => flush !== undefined)
  if (known.length === 0) return { status, ids, order: 'untraced' }
  const returned = known.filter((flush) => flush !== 'never')
  const last = returned.reduce<SystemCall | undefined>(
    (latest, flush) => (latest && latest.exit > flush.exit ? latest : flush),
    undefined,
  )
  if (returned.length < known.length || last === undefined || last.exit > answer.entry)
    return { status, ids, order: 'late' }
  const afterUs = Math.round((answer.enteredAtSec - last.exitedAtSec) * 1e6)
  return { status, ids, order: 'right', afterUs, flush: last.entry }
}
