import { type MemoryLog, memoryLog } from '@rescind/log'
import type { Fact, Revocation } from '@rescind/protocol'
import { type Harness, type HarnessOptions, ISS, storeFolder, withPublisher } from './harness.ts'
import { until } from './until.ts'

/** A replica that proves itself often, so that a test need not wait for seconds until a loss is found. */
export const QUICK = { staleAfterMs: 1_000, proveEveryMs: 100 }

/** A block of one subject. */
export const block = (sub: string) => ({ iss: ISS, match: { sub }, mode: 'block' })

/** A log, and folders of Stores that outlive their publishers. */
export async function withLog(
  body: (log: MemoryLog, start: (store: number, options?: HarnessOptions) => StartedPublisher) => Promise<void>,
  log: MemoryLog = memoryLog({ requestTimeoutMs: 500 }),
): Promise<void> {
  const folders = await Promise.all([storeFolder(), storeFolder()])
  const running = new Set<StartedPublisher>()
  try {
    await body(log, (store, options = {}) => {
      const started = new StartedPublisher(log, folders[store]?.storeDir ?? '', options)
      running.add(started)
      return started
    })
  } finally {
    for (const one of running) await one.close()
    for (const { remove } of folders) await remove()
  }
}

/** A publisher that ends when it is told to. */
export class StartedPublisher {
  readonly harness: Promise<Harness>
  readonly #ended: Promise<void>
  #end = () => {}

  constructor(log: MemoryLog, storeDir: string, { config, ...options }: HarnessOptions) {
    const end = new Promise<void>((resolve) => {
      this.#end = resolve
    })
    let onStarted: (harness: Harness) => void = () => {}
    const started = new Promise<Harness>((resolve) => {
      onStarted = resolve
    })
    this.#ended = withPublisher({ ...options, log, config: { ...QUICK, ...config, storeDir } }, async (harness) => {
      onStarted(harness)
      await end
    })
    this.harness = Promise.race([started, this.#ended.then(() => started)])
    this.harness.catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#end()
    await this.#ended
  }
}

/** The revocations in the log, in its order. */
export async function revocationsIn(harness: Harness): Promise<Revocation[]> {
  return (await harness.frames()).flatMap(({ facts }) => facts).filter(isRevocation)
}

function isRevocation(fact: Fact): fact is Revocation {
  return fact.kind === 'revocation'
}

/** Waits until the publisher's own replica has this subject revoked. */
export async function untilRevoked(harness: Harness, sub: string): Promise<void> {
  await until(`${sub} is revoked`, () => isRevoked(harness, sub))
}

/** What its own replica says of a subject. */
export async function isRevoked(harness: Harness, sub: string): Promise<boolean> {
  return ((await harness.verdict({ iss: ISS, sub })) as { kind: string }).kind === 'revoked'
}
