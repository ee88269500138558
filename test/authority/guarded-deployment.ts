import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importedSubjects, natsLog, natsPublisherLog } from '@rescind/log'
import { openReplica, type Replica } from '@rescind/subscriber'
import { readConfig } from '../../services/publisher/src/config.ts'
import { type RunningPublisher, startPublisher } from '../../services/publisher/src/publisher.ts'
import { eventually } from '../end-to-end/harness.ts'
import type { GuardedBroker } from './guarded-broker.ts'

const ISS = 'https://id.example'

/** A real publisher and real replicas on a guarded broker, each with the credential that its account has for it. */
export class GuardedDeployment {
  readonly broker: GuardedBroker
  readonly publisher: RunningPublisher
  readonly #replicas: Replica[] = []

  readonly #storeDir: string

  private constructor(broker: GuardedBroker, publisher: RunningPublisher, storeDir: string) {
    this.#storeDir = storeDir
    this.broker = broker
    this.publisher = publisher
  }

  /** Starts a publisher, configured as a process would be, and resolves when it takes revocations. */
  static async start(broker: GuardedBroker): Promise<GuardedDeployment> {
    const storeDir = await mkdtemp(join(tmpdir(), 'rescind-store-'))
    const read = readConfig({
      RESCIND_PORT: '0',
      RESCIND_STORE_DIR: storeDir,
      RESCIND_ISSUER: ISS,
      RESCIND_MAX_EXPIRY: '1h',
      RESCIND_IMPORTED: 'true',
      NATS_URL: broker.server.url,
      NATS_NKEY: broker.seeds.publisher,
    })
    assert.ok(read.ok)
    const { publisher: config, nats } = read.config
    const publisher = await startPublisher({
      config,
      log: { publisher: natsPublisherLog(nats), replica: natsLog(nats) },
    })
    let reasons = ''
    const ready = async () => {
      const response = await fetch(`${publisher.url}/readyz`)
      reasons = await response.text()
      return response.ok
    }
    try {
      await eventually(() => `the publisher takes revocations, but ${reasons}`, ready)
      return new GuardedDeployment(broker, publisher, storeDir)
    } catch (error) {
      await publisher.close()
      await rm(storeDir, { recursive: true, force: true })
      throw error
    }
  }

  /** Opens a replica of one of the APIs and resolves when it is live. It notices within five seconds when it starves. */
  async openReplica(name: 'api' | 'billing'): Promise<Replica> {
    const { server, seeds } = this.broker
    const replica = await openReplica({
      log: natsLog({ servers: server.url, nkeySeed: seeds[name], subjects: importedSubjects() }),
      name,
      bootstrap: 'log',
      whenUnknown: 'reject',
      staleAfterMs: 5_000,
      proveEveryMs: 500,
      signal: AbortSignal.timeout(30_000),
    })
    this.#replicas.push(replica)
    return replica
  }

  /** Revokes over HTTP; fails unless the publisher says that it is broadcast. Returns its cursor. */
  async revoke(sub: string): Promise<NonNullable<Replica['status']['cursor']>> {
    return this.#post('/v1/revocations', { match: { sub }, reason: 'account_blocked' })
  }

  /** Takes such a revocation back. */
  async lift(sub: string): Promise<NonNullable<Replica['status']['cursor']>> {
    return this.#post('/v1/lifts', { match: { sub }, mode: 'block' })
  }

  /** What a publisher's `GET /v1/replicas` tells, by name. */
  async presences(): Promise<readonly { readonly name: string; readonly state: string }[]> {
    return ((await (await fetch(`${this.publisher.url}/v1/replicas`)).json()) as { replicas: [] }).replicas
  }

  /** Stops everything but the broker. */
  async stop(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.close()))
    await this.publisher.close()
    await rm(this.#storeDir, { recursive: true, force: true })
  }

  async #post(path: string, body: object) {
    const response = await fetch(this.publisher.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as { cursor?: NonNullable<Replica['status']['cursor']> }
    assert.equal(response.status, 201, JSON.stringify(answer))
    return answer.cursor ?? assert.fail(JSON.stringify(answer))
  }
}

/** What a replica says of a token of this user that was issued just now. */
export function verdictOf(replica: Replica, sub: string): string {
  const iat = Math.floor(Date.now() / 1000)
  return replica.check({ payload: { iss: ISS, sub, iat, exp: iat + 600 }, protectedHeader: { alg: 'ES256' } }).kind
}
