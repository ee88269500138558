import { randomBytes } from 'node:crypto'
import type { PublisherConnection, PublisherLog } from '@rescind/log'
import {
  type Clock,
  type Cursor,
  encodeFrame,
  type Fact,
  type IssuerPolicy,
  type Lift,
  liftFrom,
  limits,
  orThrow,
  parseLift,
  parseRevocation,
  RescindError,
  type Revocation,
  revocationFrom,
  systemClock,
} from '@rescind/protocol'

export { type MemoryLog, memoryLog } from '@rescind/log'
export { type ManualClock, manualClock } from '@rescind/protocol'

/** One issuer of a {@link testPublisher}. */
export interface TestIssuer {
  readonly iss: string
  /** Longest life of its tokens in milliseconds; default one hour. */
  readonly maxExpiryMs?: number
  /** Longest life of its sessions in milliseconds; default 30 days. */
  readonly maxSessionMs?: number
}

/** Options of {@link testPublisher}. */
export interface TestPublisherOptions {
  readonly log: PublisherLog
  readonly issuers: readonly TestIssuer[]
  /** Default: the machine's clocks. */
  readonly clock?: Clock
}

/** Revokes and lifts without a publisher service, for tests of services that embed a replica. */
export interface TestPublisher extends AsyncDisposable {
  /** Takes the body of `POST /v1/revocations`; `ERR_INVALID_INPUT` lists what is wrong with it. */
  revoke(body: unknown): Promise<{ readonly cursor: Cursor; readonly revocation: Revocation }>
  /** Takes the body of `POST /v1/lifts`. */
  lift(body: unknown): Promise<{ readonly cursor: Cursor; readonly lift: Lift }>
  close(): Promise<void>
}

/**
 * Opens a publisher on a log, usually a `memoryLog()`: creates the stream and announces the issuers. Replicas of the
 * same log, opened with `bootstrap: 'log'`, follow it; `replica.reached(cursor)` tells when they have caught up.
 */
export async function testPublisher(options: TestPublisherOptions): Promise<TestPublisher> {
  const connection = await options.log.connect({ name: 'test-publisher', onEvent() {} })
  const head = await connection.establish()
  const publisher = new Publisher(connection, head.epoch, options)
  await publisher.announceIssuers()
  return publisher
}

class Publisher implements TestPublisher {
  readonly #connection: PublisherConnection
  readonly #epoch: string
  readonly #clock: Clock
  readonly #issuers: ReadonlyMap<string, IssuerPolicy>
  #largestAtMs = 0
  #expiries = 0

  constructor(connection: PublisherConnection, epoch: string, options: TestPublisherOptions) {
    this.#connection = connection
    this.#epoch = epoch
    this.#clock = options.clock ?? systemClock
    this.#issuers = new Map(options.issuers.map((issuer) => [issuer.iss, policyOf(issuer)]))
  }

  async announceIssuers(): Promise<void> {
    const atMs = this.#nextAtMs()
    await this.#append([...this.#issuers.values()].map((policy) => ({ kind: 'issuer', ...policy, atMs })))
  }

  async revoke(body: unknown): Promise<{ cursor: Cursor; revocation: Revocation }> {
    const draft = orThrow(parseRevocation(body, { issuers: this.#issuers, nowMs: this.#clock.now() }))
    const revocation = revocationFrom(draft, {
      id: randomBytes(16).toString('hex'),
      actor: 'test',
      atMs: this.#nextAtMs(),
    })
    this.#expiries = Math.max(this.#expiries, revocation.expiresAtMs)
    return { cursor: await this.#append([revocation]), revocation }
  }

  async lift(body: unknown): Promise<{ cursor: Cursor; lift: Lift }> {
    const draft = orThrow(parseLift(body, { issuers: this.#issuers, nowMs: this.#clock.now() }))
    if ('id' in draft)
      throw new RescindError('ERR_INVALID_INPUT', 'name match and mode: it keeps no facts to look an id up')
    const id = randomBytes(16).toString('hex')
    const atMs = Math.ceil(this.#nextAtMs() / 1000) * 1000 + 1
    const lift = liftFrom(draft, { id, actor: 'test', atMs, knownExpiresAtMs: this.#expiries })
    this.#largestAtMs = atMs
    return { cursor: await this.#append([lift]), lift }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** R10: the wall clock, and above everything given before. */
  #nextAtMs(): number {
    this.#largestAtMs = Math.max(this.#clock.now(), this.#largestAtMs + 1)
    return this.#largestAtMs
  }

  async #append(facts: readonly Fact[]): Promise<Cursor> {
    const frameId = randomBytes(16).toString('hex')
    const bytes = encodeFrame({ frameId, epoch: this.#epoch, publisher: 'test', facts })
    const { seq } = await this.#connection.append(bytes, { messageId: frameId })
    return { epoch: this.#epoch, seq, frameId }
  }
}

function policyOf({
  iss,
  maxExpiryMs = 3_600_000,
  maxSessionMs = limits.DEFAULT_MAX_SESSION_MS,
}: TestIssuer): IssuerPolicy {
  return { iss, maxExpiryMs, maxSessionMs, clockSkewMs: 0, leewayMs: limits.DEFAULT_LEEWAY_MS }
}
