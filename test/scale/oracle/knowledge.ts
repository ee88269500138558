import type { Act, Status } from './history.ts'

/** How we know that a replica knows: it said so (`reached`), or said that it has proved itself since (`proved`). */
export type Known = 'reached' | 'proved'

/** A replica says its lag in whole milliseconds. */
const LAG_ROUNDING_MS = 1

interface Mark {
  readonly atMs: number
  /** The highest so far: of sequences in one epoch, or of times. */
  readonly highest: number
}

/**
 * What one run of a replica must know, by its own words: everything up to a cursor that it reported, and everything that
 * was acknowledged before a proof that it claims to have had (R19). Once known is known for good (R11).
 */
export class Knowledge {
  readonly #reached = new Map<string, Mark[]>()
  readonly #proved: Mark[] = []

  /** @param statuses of one run, in any order */
  constructor(statuses: readonly Status[]) {
    const inOrder = [...statuses].sort((a, b) => a.receivedMs - b.receivedMs)
    for (const { sentMs, receivedMs, cursor, lagMs } of inOrder) {
      if (cursor) {
        const marks = this.#reached.get(cursor.epoch) ?? []
        this.#reached.set(cursor.epoch, marks)
        note(marks, receivedMs, cursor.seq)
      }
      // It is so old when it is told, which is after we asked: the proof was asked for no earlier than this.
      if (lagMs !== undefined) note(this.#proved, receivedMs, sentMs - lagMs - LAG_ROUNDING_MS)
    }
  }

  /** Must it have known of an acknowledged act when a request was sent at `atMs`? */
  of({ cursor, answeredMs }: Act, atMs: number): Known | undefined {
    if (cursor === undefined) return undefined
    if (highestBefore(this.#reached.get(cursor.epoch) ?? [], atMs) >= cursor.seq) return 'reached'
    return highestBefore(this.#proved, atMs) > answeredMs ? 'proved' : undefined
  }
}

function note(marks: Mark[], atMs: number, value: number): void {
  const highest = marks.at(-1)?.highest ?? Number.NEGATIVE_INFINITY
  if (value > highest) marks.push({ atMs, highest: value })
}

/** By bisection: there are thousands of marks, and a question for every answer. */
function highestBefore(marks: readonly Mark[], atMs: number): number {
  let low = 0
  let high = marks.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((marks[middle] as Mark).atMs <= atMs) low = middle + 1
    else high = middle
  }
  return marks[low - 1]?.highest ?? Number.NEGATIVE_INFINITY
}
