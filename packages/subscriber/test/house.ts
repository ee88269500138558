import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { VerifiedToken } from '@rescind/protocol'
import { openReplica, type Replica, type ReplicaOptions } from '../src/index.ts'
import {
  type ManualClock,
  type MemoryLog,
  manualClock,
  memoryLog,
  type TestPublisher,
  testPublisher,
} from '../src/testing.ts'

/** The issuer of every house. */
export const ISS = 'https://id.example'

/** What a test of a replica needs around it. */
export interface House {
  readonly log: MemoryLog
  readonly clock: ManualClock
  readonly publisher: TestPublisher
  /** Opens a replica that starts from the log; on the log its name is `replica`. */
  open(options?: Partial<ReplicaOptions>): Promise<Replica>
  /** A token of the house's issuer for `ann`, a minute old, with these claims instead. */
  token(claims?: object, header?: Readonly<Record<string, unknown>>): VerifiedToken
}

/** A memory log, a publisher on it, and replicas that end with the test. */
export async function house(context: TestContext): Promise<House> {
  const clock = manualClock()
  const log = memoryLog({ clock })
  const publisher = await testPublisher({ log, issuers: [{ iss: ISS }], clock })
  context.after(() => publisher.close())
  return {
    log,
    clock,
    publisher,
    async open(options = {}) {
      const defaults = { log, clock, name: 'replica', bootstrap: 'log', whenUnknown: 'reject' } as const
      const replica = await openReplica({ ...defaults, ...options })
      context.after(() => replica.close())
      return replica
    },
    token(claims = {}, header = { alg: 'ES256', kid: 'k1' }) {
      const iat = Math.floor(clock.now() / 1000) - 60
      return { payload: { iss: ISS, sub: 'ann', iat, exp: iat + 600, ...claims }, protectedHeader: header }
    },
  }
}

/** Resolves when `condition` holds of the replica's status; fails with the status if it does not within ten seconds. */
export async function untilStatus(
  replica: Replica,
  what: string,
  condition: (status: Replica['status']) => boolean,
): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition(replica.status)) {
    if (performance.now() > deadline) assert.fail(`not ${what}: ${JSON.stringify(replica.status)}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
