import type { LogConnection, PublisherConnection, StoredFrame } from '@rescind/log'
import { EventRecorder } from '../event-recorder.ts'
import type { HarnessOptions, LogHarness } from '../log-harness.ts'

/** What a test works with: a fresh log, and connections that are closed at its end. */
export class Bench {
  readonly harness: LogHarness
  readonly #connections: LogConnection[] = []

  constructor(harness: LogHarness) {
    this.harness = harness
  }

  async publisher(name = 'publisher'): Promise<{ connection: PublisherConnection; told: EventRecorder }> {
    const told = new EventRecorder()
    const connection = await this.harness.publisherLog.connect({ name, onEvent: told.onEvent, signal: inTime() })
    this.#connections.push(connection)
    return { connection, told }
  }

  async established(): Promise<{ connection: PublisherConnection; told: EventRecorder }> {
    const publisher = await this.publisher()
    await publisher.connection.establish()
    return publisher
  }

  async replica(name = 'replica'): Promise<{ connection: LogConnection; told: EventRecorder }> {
    const told = new EventRecorder()
    const connection = await this.harness.replicaLog.connect({ name, onEvent: told.onEvent, signal: inTime() })
    this.#connections.push(connection)
    return { connection, told }
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()))
    await this.harness.close()
  }
}

/** Makes the one bench of a test. */
export type Start = (options?: HarnessOptions) => Promise<Bench>

/** A test that waits for a broker in vain fails; it does not hang. */
const inTime = () => AbortSignal.timeout(20_000)

/** Frames that tell themselves apart. */
export const frame = (i: number): Uint8Array => Buffer.from(`frame ${i}`)

/** Appends the frames `from` to `to`, all at once, under the ids `m<i>`. */
export async function appendAll(connection: PublisherConnection, from: number, to: number): Promise<void> {
  const all = []
  for (let i = from; i <= to; i += 1) all.push(connection.append(frame(i), { messageId: `m${i}` }))
  await Promise.all(all)
}

/** Reads a range to its end; what was read stays in `into` also when it fails. */
export async function collect(range: AsyncIterable<StoredFrame>, into: StoredFrame[] = []): Promise<StoredFrame[]> {
  for await (const stored of range) into.push(stored)
  return into
}

/** What frames hold, as text. */
export const texts = (frames: readonly { bytes: Uint8Array }[]) =>
  frames.map(({ bytes }) => Buffer.from(bytes).toString())
/** For `assert.rejects`: an error of this code. */
export const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected
/** The whole numbers from one to another, both included. */
export const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
