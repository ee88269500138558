import type { Applied } from '@rescind/denylist'
import { encodeFrame, type Fact, manualClock, RescindError, type Revocation } from '@rescind/protocol'
import type { AppliedFrame } from '../src/applied-frames.ts'
import type { Outcome, PlannedFact } from '../src/group.ts'
import { LogicalTime } from '../src/logical-time.ts'
import { Outbox, type OutboxParts } from '../src/outbox.ts'
import type { Outgoing } from '../src/sender.ts'
import type { Change, Waiting } from '../src/store/store.ts'
import { FRAME, revocation } from './planned.ts'

export const AWAY = new RescindError('ERR_LOG_UNAVAILABLE', 'away')

/** What waits on a disk that outlives its outboxes, and what was written there with an fsync. */
export function disk() {
  const waiting = new Map<number, Waiting>()
  const writes: { keep: number[]; done: number[]; sync: boolean }[] = []
  const failures: RescindError[] = []
  return {
    waiting,
    writes,
    failures,
    async write({ keep = [], done = [] }: Change, { sync }: { readonly sync: boolean }) {
      const failure = failures.shift()
      if (failure) throw failure
      await new Promise((resolve) => setImmediate(resolve))
      for (const order of done) waiting.delete(order)
      for (const group of keep) waiting.set(group.order, group)
      if (keep.length + done.length > 0) writes.push({ keep: keep.map(({ order }) => order), done: [...done], sync })
    },
  }
}

interface BenchOptions {
  readonly on?: ReturnType<typeof disk>
  readonly judge?: (fact: Fact, seq: number) => Applied
  readonly fullness?: OutboxParts['fullness']
  /** What the log turns out to hold of the last process. */
  readonly known?: ReadonlyMap<string, AppliedFrame>
}

/** An outbox on a disk, and a log that takes each frame when it is told to, and finds each fact as `judge` says. */
export async function bench({ on = disk(), judge, fullness = () => undefined, known }: BenchOptions = {}) {
  const frames: Outgoing[] = []
  const clock = manualClock(1_000_000)
  let appliedAtMs = 0
  let refusal: RescindError | undefined
  let isHeld = false
  let onRelease: (() => void)[] = []
  let stopped = false
  const log = { refuse: undefined as RescindError | undefined }
  const closed = new RescindError('ERR_CLOSED', 'stopped')
  const passes = async (isShut: () => boolean) => {
    while (isShut() && !stopped) await new Promise<void>((resolve) => onRelease.push(resolve))
    if (stopped) throw closed
  }
  const release = () => {
    const all = onRelease
    onRelease = []
    for (const one of all) one()
  }
  const groups = [...on.waiting.values()].sort((a, b) => a.order - b.order)
  const outbox: Outbox = new Outbox({
    store: {
      found: {
        waitingFacts: groups.reduce((sum, { facts }) => sum + facts.length, 0),
        oldestRecordedAtMs: groups[0]?.recordedAtMs,
        lastOrder: groups.at(-1)?.order ?? 0,
        cursor: undefined,
        largestAtMs: 0,
      },
      async waiting(after, limit) {
        const behind = [...on.waiting.values()].filter(({ order }) => order > after)
        return behind.sort((a, b) => a.order - b.order).slice(0, limit)
      },
      write: (change, how) => on.write(change, how),
    },
    time: new LogicalTime(clock, () => appliedAtMs),
    clock,
    latestNowMs: () => clock.now(),
    refusal: () => refusal,
    fullness,
    sender: {
      whenOpen: () => passes(() => refusal !== undefined),
      async send(frame) {
        if (frame.expected?.event) return frame.expected.event
        if (log.refuse) throw log.refuse
        encodeFrame({ ...FRAME, ...frame })
        frames.push(frame)
        const seq = frames.length
        await passes(() => isHeld)
        const applied = frame.facts.map((fact) => judge?.(fact, seq) ?? 'in_force')
        appliedAtMs = Math.max(appliedAtMs, frame.facts[0]?.atMs ?? 0)
        const event = { frame: { ...FRAME, ...frame }, applied, cursor: { epoch: 'e', seq, frameId: frame.frameId } }
        const done = outbox.settledBy(event)
        if (done.length > 0) await on.write({ done }, { sync: false })
        return event
      },
    },
    expect: (frameId) => ({ applied: new Promise(() => {}), event: known?.get(frameId), forget() {} }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  await outbox.open()
  outbox.start()
  return {
    outbox,
    frames,
    clock,
    log,
    disk: on,
    refuse(error: RescindError | undefined) {
      refusal = error
      release()
      outbox.tick()
    },
    hold(held: boolean) {
      isHeld = held
      release()
    },
    apply(atMs: number) {
      appliedAtMs = atMs
    },
    async close() {
      stopped = true
      release()
      await outbox.close()
    },
  }
}

type Bench = Awaited<ReturnType<typeof bench>>

/** A bench that is closed afterwards, whatever happens. */
export async function withBench(options: BenchOptions, body: (one: Bench) => Promise<void>): Promise<void> {
  const one = await bench(options)
  try {
    await body(one)
  } finally {
    await one.close()
  }
}

let numbers = 0
export const one = (sub?: string): PlannedFact => {
  numbers += 1
  return revocation(`${numbers}`, sub === undefined ? {} : { sub })
}
export const sizes = (frames: readonly Outgoing[]) => frames.map(({ facts }) => facts.length)
export const idsIn = (frames: readonly Outgoing[]) =>
  frames.flatMap(({ facts }) => facts.map((fact) => (fact as Revocation).id))
export const stateOf = (outcome: Promise<Outcome>) => outcome.then(({ state }) => state)
