import type { Barrier, Presence } from '@rescind/log'
import { type Cursor, type ManualClock, manualClock } from '@rescind/protocol'
import { type Confirmation, type ConfirmOptions, Receipts } from '../src/receipts.ts'
import { Replicas } from '../src/replicas.ts'
import { until } from './until.ts'

/** The frame that every test asks about is the seventh. */
export const cursorAt = (seq: number, epoch = 'e'): Cursor => ({ epoch, seq, frameId: `f${seq}` })

/** Receipts over replicas that say what a test lets them say, in time that a test lets pass. */
export interface ReceiptHouse {
  readonly clock: ManualClock
  readonly replicas: Replicas
  readonly receipts: Receipts
  /** All barriers so far. */
  readonly barriers: readonly Barrier[]
  /** How long presence has been heard; a minute unless a test changes it. */
  listenedMs: number
  /** A replica speaks; by default `live`, at frame 6, `reject`, with 15 s. */
  say(name: string, more?: Partial<Presence>): void
  /** It answers the newest barrier, at the barrier's own cursor unless told otherwise. */
  answer(name: string, more?: Partial<Presence>): void
  untilBarrier(count: number): Promise<Barrier>
  /** Begins to wait; 30 s by default. */
  confirm(seq?: number, options?: Partial<ConfirmOptions>): Promise<Confirmation>
}

/** A house of its own. */
export function receiptHouse(max?: number): ReceiptHouse {
  const clock = manualClock()
  const replicas = new Replicas(clock, max)
  const barriers: Barrier[] = []
  const house: ReceiptHouse = {
    clock,
    replicas,
    barriers,
    listenedMs: 60_000,
    receipts: new Receipts({
      clock,
      replicas,
      own: { id: '0123', name: 'publisher-replica-0123' },
      staleAfterMs: 15_000,
      listenedMs: () => house.listenedMs,
      barrier: (barrier) => barriers.push(barrier),
    }),
    say: (name, more) => replicas.hear({ ...presenceOf(name), ...more }),
    answer: (name, more) => {
      const newest = barriers.at(-1)
      house.say(name, { ...newest, ...more })
    },
    untilBarrier: (count) =>
      until(`barrier ${count}`, () => {
        // Time passes: each barrier has its turn.
        if (barriers.length < count) clock.advance(1)
        return barriers[count - 1]
      }),
    confirm: (seq = 7, options) =>
      house.receipts.confirm(cursorAt(seq), { timeoutMs: 30_000, minReplicas: 1, ...options }),
  }
  return house
}

function presenceOf(name: string): Presence {
  return {
    replica: `id-of-${name}`,
    name,
    version: '0.1.0',
    frameVersions: [1],
    state: 'live',
    cursor: cursorAt(6),
    lagMs: 12,
    entries: 3,
    rssBytes: 1_000,
    whenUnknown: 'reject',
    staleAfterMs: 15_000,
  }
}
