import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MemoryLog, memoryLog, type PublisherConnection, type PublisherLog } from '@rescind/log'
import { type Clock, decodeFrame, type Frame, systemClock } from '@rescind/protocol'
import type { Logger } from 'pino'
import type { PublisherConfig } from '../src/config.ts'
import { newKey, type StaticKey } from '../src/keys.ts'
import { type RunningPublisher, startPublisher } from '../src/publisher.ts'
import type { openStore } from '../src/store/open-store.ts'
import { checkAnswer } from './contract/check-answer.ts'
import { checkRequest } from './contract/check-request.ts'
import { until } from './until.ts'

export const ISS = 'https://id.example'
export const OTHER_ISS = 'https://other.example'
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** One key for each thing that a key can be for. */
export const KEYS = {
  admin: newKey('admin', ['revocations:write', 'revocations:read', 'snapshot:read']),
  second: newKey('second', ['revocations:write']),
  reader: newKey('reader', ['revocations:read']),
  replica: newKey('replica', ['snapshot:read']),
}

export const ISSUERS = [
  { iss: ISS, maxExpiryMs: HOUR_MS, maxSessionMs: 30 * DAY_MS, clockSkewMs: 0, leewayMs: 60_000 },
  { iss: OTHER_ISS, maxExpiryMs: 2 * HOUR_MS, maxSessionMs: DAY_MS, clockSkewMs: 5_000, leewayMs: 30_000 },
]

/** How long everything is kept. */
export const KEPT = { retainMs: DAY_MS, auditKeptMs: DAY_MS }

/** A folder for a Store, and how it goes. */
export async function storeFolder(): Promise<{ readonly storeDir: string; remove(): Promise<void> }> {
  const storeDir = await mkdtemp(join(tmpdir(), 'rescind-store-'))
  return { storeDir, remove: () => rm(storeDir, { recursive: true, force: true }) }
}

export interface HarnessOptions {
  readonly config?: Partial<PublisherConfig>
  readonly log?: MemoryLog
  readonly clock?: Clock
  readonly logger?: Logger
  /** Default true. */
  readonly untilReady?: boolean
  /** Wraps the log the publisher appends to. */
  readonly wrap?: (log: PublisherLog) => PublisherLog
  /** Opens the Store otherwise. */
  readonly openStore?: typeof openStore
}

/** An HTTP answer, read to its end. `body` is whatever JSON it held. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: the answers under test have every shape, and each test states its own
  readonly body: any
}

/** A publisher on a log in memory, and calls to it over real HTTP. openapi.json must describe each of them. */
export class Harness {
  readonly log: MemoryLog
  readonly publisher: RunningPublisher

  constructor(log: MemoryLog, publisher: RunningPublisher) {
    this.log = log
    this.publisher = publisher
  }

  async call(
    method: string,
    path: string,
    init: { body?: unknown; key?: string; headers?: object } = {},
  ): Promise<Reply> {
    const { body, key = KEYS.admin.key, headers } = init
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(this.publisher.url + path, {
      method,
      headers: {
        ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    })
    const text = await response.text()
    checkAnswer({ method, path, status: response.status, headers: response.headers, text })
    const isJson = /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')
    const answer = isJson && text ? JSON.parse(text) : undefined
    if (sent !== undefined) checkRequest(method, path, sent, response.status, answer)
    return { status: response.status, headers: response.headers, text, body: answer }
  }

  revoke(body: unknown, headers: object = {}, key = KEYS.admin.key): Promise<Reply> {
    return this.call('POST', '/v1/revocations', { body, headers, key })
  }

  lift(body: unknown, headers: object = {}): Promise<Reply> {
    return this.call('POST', '/v1/lifts', { body, headers })
  }

  async verdict(claims: object, header?: object): Promise<unknown> {
    const { body } = await this.call('POST', '/v1/check', { body: { claims, ...(header && { header }) } })
    return body.verdict
  }

  async untilReady(): Promise<void> {
    await until('the publisher is ready', async () => (await this.call('GET', '/readyz')).status === 200)
  }

  /** The failing checks of readiness, by name. */
  async notReady(): Promise<Record<string, { code: string; detail: string }>> {
    const { body } = await this.call('GET', '/readyz')
    return Object.fromEntries((body.checks ?? []).map((check: { name: string }) => [check.name, check]))
  }

  /** Every frame in the log, in order. */
  async frames(): Promise<Frame[]> {
    const connection = await this.log.connect({ name: 'test-reader', onEvent() {} })
    try {
      const { firstSeq, lastSeq } = await connection.head()
      const frames: Frame[] = []
      for await (const { bytes } of connection.range(firstSeq, lastSeq)) frames.push(decodeFrame(bytes))
      return frames
    } finally {
      await connection.close()
    }
  }
}

/** Runs `body` against a publisher, and closes it afterwards whatever happens. */
export async function withPublisher(options: HarnessOptions, body: (harness: Harness) => Promise<void>): Promise<void> {
  const clock = options.clock ?? systemClock
  const log = options.log ?? memoryLog({ clock: systemClock, requestTimeoutMs: 500 })
  const folder = options.config?.storeDir === undefined ? await storeFolder() : undefined
  const publisher = await startPublisher({
    config: {
      host: '127.0.0.1',
      port: 0,
      storeDir: folder?.storeDir ?? '',
      ...KEPT,
      issuers: ISSUERS,
      keys: Object.values(KEYS).map(({ kept }): StaticKey => kept),
      shutdownDelayMs: 0,
      ...options.config,
    },
    log: { publisher: options.wrap?.(log) ?? log, replica: log.replicaLog },
    clock,
    ...(options.logger && { logger: options.logger }),
    ...(options.openStore && { openStore: options.openStore }),
  })
  const harness = new Harness(log, publisher)
  try {
    if (options.untilReady !== false) await harness.untilReady()
    await body(harness)
  } finally {
    await publisher.close()
    await folder?.remove()
  }
}

/** A publisher's log of which some calls are replaced. */
export function intercept(
  log: PublisherLog,
  replace: (connection: PublisherConnection) => Partial<PublisherConnection>,
): PublisherLog {
  return {
    async connect(options) {
      const connection = await log.connect(options)
      const replaced = replace(connection)
      return new Proxy(connection, {
        get(target, name) {
          const own = replaced[name as keyof PublisherConnection]
          if (own) return own
          const value = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
}

/** The machine's clocks, with a wall that can be set off. */
export function shiftedClock(): Clock & { offsetMs: number } {
  const clock = {
    offsetMs: 0,
    now: () => systemClock.now() + clock.offsetMs,
    monotonic: () => systemClock.monotonic(),
  }
  return clock
}
