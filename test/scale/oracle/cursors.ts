import type { Cursor } from '@rescind/protocol'
import type { History, Status } from './history.ts'

/** A thing that was seen, and when. */
interface Seen {
  readonly atMs: number
  readonly detail: string
}

type Placed = Status & { readonly cursor: Cursor }

/**
 * Where the cursors of one run went back: to a smaller sequence of their epoch, or to an epoch that they had left.
 * Only what was answered before a status was asked for is certainly older than it.
 */
export function stepsBack(statuses: readonly Status[]): Seen[] {
  const placed = statuses.filter((status): status is Placed => status.cursor !== undefined)
  const answered = placed.toSorted((a, b) => a.receivedMs - b.receivedMs)
  const past = new Past()
  let next = 0
  return placed
    .toSorted((a, b) => a.sentMs - b.sentMs)
    .flatMap(({ cursor, sentMs, receivedMs }) => {
      for (; (answered[next]?.receivedMs ?? Number.POSITIVE_INFINITY) <= sentMs; next++)
        past.add(answered[next] as Placed)
      const detail = past.contradicts(cursor)
      return detail === undefined ? [] : [{ atMs: receivedMs, detail }]
    })
}

/** What one run has reported by some time. */
class Past {
  readonly #epochs = new Map<string, { readonly firstMs: number; highest: number; left: boolean }>()

  /** In order of receipt. */
  add({ cursor, sentMs, receivedMs }: Placed): void {
    for (const [epoch, seen] of this.#epochs) {
      if (epoch !== cursor.epoch && seen.firstMs <= sentMs) seen.left = true
    }
    const seen = this.#epochs.get(cursor.epoch) ?? { firstMs: receivedMs, highest: 0, left: false }
    seen.highest = Math.max(seen.highest, cursor.seq)
    this.#epochs.set(cursor.epoch, seen)
  }

  contradicts({ epoch, seq }: Cursor): string | undefined {
    const seen = this.#epochs.get(epoch)
    if (seen?.left) return `to epoch ${epoch}, which it had left`
    return seen && seen.highest > seq ? `from ${seen.highest} to ${seq}` : undefined
  }
}

/** Where two frames were seen at one sequence of one epoch, whoever reported them (R19: a cursor is all three). */
export function doubleFrames({ acts, statuses, listed = [] }: History): Seen[] {
  const cursors = [
    ...acts.map(({ answeredMs, cursor }) => ({ atMs: answeredMs, cursor })),
    ...statuses.map(({ receivedMs, cursor }) => ({ atMs: receivedMs, cursor })),
    ...listed.map(({ cursor }) => ({ atMs: Number.MAX_VALUE, cursor })),
  ]
  const frames = new Map<string, string>()
  return cursors.flatMap(({ atMs, cursor }) => {
    if (cursor === undefined) return []
    const place = `${cursor.epoch} ${cursor.seq}`
    const first = frames.get(place) ?? cursor.frameId
    frames.set(place, first)
    return first === cursor.frameId ? [] : [{ atMs, detail: `at ${place}: ${first} and ${cursor.frameId}` }]
  })
}
