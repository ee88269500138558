import {
  AUDIT_ENTRY,
  CHECK,
  DRY_LIFT,
  DRY_RUN,
  LIFT,
  PAGE,
  READINESS,
  REPLICAS,
  REVOCATIONS,
  SHOWN,
} from './answer-shapes.ts'
import type {
  AuditEntry,
  CheckAnswer,
  DryLiftAnswer,
  DryRunAnswer,
  LiftAnswer,
  ListedRevocation,
  Readiness,
  ReplicaAnswer,
  ReplicasAnswer,
  RevocationPage,
  RevocationsAnswer,
  ShownRevocation,
} from './answers.ts'
import { type ClientOptions, type Settings, settingsOf } from './client-options.ts'
import { RescindHttpError } from './http-error.ts'
import { type ImportEvent, type ImportOptions, Upload } from './import-lines.ts'
import { jsonLines } from './json-lines.ts'
import { invalid, keyOf, listQuery, waitQuery } from './queries.ts'
import { untilReissuable } from './reissue.ts'
import type {
  CallOptions,
  LiftRequest,
  ListQuery,
  Question,
  RevocationRequest,
  WaitOptions,
  WriteOptions,
} from './requests.ts'
import { withRetries } from './retries.ts'
import type { Shape } from './shapes.ts'
import { type Call, Transport } from './transport.ts'
import type { UploadSource } from './upload-body.ts'
import { type WatchEvent, type WatchOptions, watchEvents } from './watch.ts'

/** What a write was answered, and how it was sent. */
export interface Written {
  /** Under which key it was sent. */
  readonly idempotencyKey: string
  /** The answer is the one that an earlier request under this key got. */
  readonly replayed: boolean
}

/** The answer to {@link Client.revoke}. */
export interface RevokeResult extends RevocationsAnswer, Written {
  /**
   * Resolves when an issuer may mint again: tokens dated from then on pass (R4). At once for blocks, which know no such
   * time. `ERR_CLOCK_SKEW` if this machine's clock is far behind.
   */
  reissuable(options?: CallOptions): Promise<void>
}

/** The answer to {@link Client.lift}. */
export interface LiftResult extends LiftAnswer, Written {}

/** A publisher, from an admin service. Calls reject with `RescindHttpError`, or with the reason of a signal that fired. */
export interface Client {
  /** Revokes one or several (all or none, at most 1 MB). */
  revoke(revocation: RevocationRequest | readonly RevocationRequest[], options?: WaitOptions): Promise<RevokeResult>
  /** What revoking would do; nothing is recorded. */
  dryRun(revocation: RevocationRequest | readonly RevocationRequest[], options?: CallOptions): Promise<DryRunAnswer>
  /** Takes revocations back: tokens that they alone refused work again. */
  lift(lift: LiftRequest, options?: WaitOptions): Promise<LiftResult>
  /** What lifting would do, and refuses what lifting would refuse; nothing is recorded. */
  dryLift(lift: LiftRequest, options?: CallOptions): Promise<DryLiftAnswer>
  /** What would happen to a verified token with these claims, and why. */
  check(question: Question, options?: CallOptions): Promise<CheckAnswer>
  /** Revocations, the newest first; pages are fetched as they are read. */
  list(query?: ListQuery): AsyncIterable<ListedRevocation>
  /** One revocation, and who has applied it. */
  show(id: string, options?: CallOptions): Promise<ShownRevocation>
  /** Who follows. */
  replicas(options?: CallOptions): Promise<readonly ReplicaAnswer[]>
  /** Takes a replica that is gone for good off the list, so that no receipt waits for it. */
  dismiss(replica: string, options?: WriteOptions): Promise<void>
  /** Revocations and lifts as they come; goes on by itself after a lost connection. */
  watch(options?: WatchOptions): AsyncIterable<WatchEvent>
  /** Uploads any number of revocations, one a line; goes on after errors of single lines and after a cut. */
  importLines(source: UploadSource, options?: Partial<ImportOptions>): AsyncIterable<ImportEvent>
  /** Whether the publisher takes revocations, with every check; also while it does not. */
  status(options?: CallOptions): Promise<Readiness>
  /** Who did what, the oldest first; from (included) and to (excluded) are RFC 3339. */
  audit(
    range?: CallOptions & { readonly from?: string | undefined; readonly to?: string | undefined },
  ): AsyncIterable<AuditEntry>
}

/** Makes a client of one publisher. Opens nothing: there is nothing to close. `ERR_INVALID_OPTION` for wrong options. */
export function createClient(options: ClientOptions): Client {
  const settings = settingsOf(options)
  const calls = new Calls(settings, new Transport(settings))
  return {
    async revoke(revocation, given = {}) {
      const { answer, ...written } = await calls.write<RevocationsAnswer>(
        '/v1/revocations',
        revocation,
        given,
        REVOCATIONS,
      )
      const { revocations } = answer
      return {
        ...answer,
        ...written,
        reissuable: (o) => untilReissuable(revocations, settings.clock, settings.signal, o?.signal),
      }
    },
    dryRun: (revocation, given) => calls.ask('POST', '/v1/revocations?dryRun=true', DRY_RUN, given, revocation),
    async lift(lift, given = {}) {
      const { answer, ...written } = await calls.write<LiftAnswer>('/v1/lifts', lift, given, LIFT)
      return { ...answer, ...written }
    },
    dryLift: (lift, given) => calls.ask('POST', '/v1/lifts?dryRun=true', DRY_LIFT, given, lift),
    check: (question, given) => calls.ask('POST', '/v1/check', CHECK, given, question),
    list: (query) => calls.list(query ?? {}),
    show: (id, given) => calls.ask('GET', `/v1/revocations/${segment(id, 'id')}`, SHOWN, given),
    async replicas(given) {
      return (await calls.ask<ReplicasAnswer>('GET', '/v1/replicas', REPLICAS, given)).replicas
    },
    dismiss: (replica, given) => calls.dismiss(replica, given ?? {}),
    watch: (given) => watchEvents(settings, calls.transport, given ?? {}),
    importLines(source, given = {}) {
      const { query } = waitQuery(given)
      const keyed = { ...given, idempotencyKey: keyOf(given.idempotencyKey) }
      return new Upload(settings, calls.transport, source, keyed, query).run()
    },
    status: (given) => calls.status(given ?? {}),
    audit: (range) => calls.audit(range ?? {}),
  }
}

/** The calls of one client. */
class Calls {
  readonly #settings: Settings
  readonly transport: Transport

  constructor(settings: Settings, transport: Transport) {
    this.#settings = settings
    this.transport = transport
  }

  /** A question, asked again while it cannot be answered. */
  ask<T>(method: 'GET' | 'POST', path: string, shape: Shape, options: CallOptions = {}, body?: unknown): Promise<T> {
    const { signal } = options
    const call: Call = {
      method,
      path,
      timeoutMs: this.#settings.timeoutMs,
      signal,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }
    return withRetries(this.#settings, { signal }, async () => (await this.transport.json<T>(call, shape)).answer)
  }

  /** A write: each attempt under the same key, with the same bytes. */
  async write<T>(path: string, body: unknown, options: WaitOptions, shape: Shape): Promise<{ answer: T } & Written> {
    const idempotencyKey = keyOf(options.idempotencyKey)
    const { query, extraMs } = waitQuery(options)
    const call: Call = {
      method: 'POST',
      path: path + query,
      headers: { 'idempotency-key': idempotencyKey },
      body: JSON.stringify(body),
      timeoutMs: this.#settings.timeoutMs + extraMs,
      signal: options.signal,
    }
    const repeated = { idempotencyKey, signal: options.signal }
    const { answer, response } = await withRetries(this.#settings, repeated, () => this.transport.json<T>(call, shape))
    return { answer, idempotencyKey, replayed: response.headers.get('idempotency-replayed') === 'true' }
  }

  async *list(query: ListQuery): AsyncGenerator<ListedRevocation, void> {
    let cursor: string | undefined
    do {
      const path = `/v1/revocations${listQuery(query, cursor)}`
      const page: RevocationPage = await this.ask('GET', path, PAGE, query)
      yield* page.revocations
      if (page.next !== undefined && page.next === cursor) {
        throw new RescindHttpError('unexpected_answer', 'a page names itself as the next one')
      }
      cursor = page.next
    } while (cursor !== undefined)
  }

  async dismiss(replica: string, options: WriteOptions): Promise<void> {
    const { timeoutMs } = this.#settings
    const { signal } = options
    const idempotencyKey = keyOf(options.idempotencyKey)
    const path = `/v1/replicas/${segment(replica, 'replica')}`
    const headers = { 'idempotency-key': idempotencyKey }
    const call: Call = { method: 'DELETE', path, headers, timeoutMs, signal }
    await withRetries(this.#settings, { idempotencyKey, signal }, async (earlier) => {
      try {
        const { deadline } = await this.transport.open(call, [])
        deadline.end()
      } catch (error) {
        // An earlier attempt, whose answer was lost, has dismissed it.
        const isGone = earlier > 0 && error instanceof RescindHttpError && error.code === 'not_found'
        if (!isGone) throw error
      }
    })
  }

  /** Not ready is an answer here, and is not asked again. */
  async status({ signal }: CallOptions): Promise<Readiness> {
    const call: Call = { method: 'GET', path: '/readyz?verbose', timeoutMs: this.#settings.timeoutMs, signal }
    return (await this.transport.json<Readiness>(call, READINESS, (status) => status === 200 || status === 503)).answer
  }

  async *audit(
    range: CallOptions & { from?: string | undefined; to?: string | undefined },
  ): AsyncGenerator<AuditEntry, void> {
    const given = Object.entries({ from: range.from, to: range.to }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    )
    const path = given.length === 0 ? '/v1/audit' : `/v1/audit?${new URLSearchParams(given)}`
    const { signal } = range
    const call: Call = { method: 'GET', path, timeoutMs: this.#settings.timeoutMs, signal }
    const open = () => this.transport.open(call, ['application/x-ndjson'])
    const opened = await withRetries(this.#settings, { signal }, open)
    for await (const line of jsonLines(this.transport, call, opened)) {
      const wrong = AUDIT_ENTRY.wrong(line, '')
      if (wrong !== undefined) throw new RescindHttpError('unexpected_answer', `an entry of the audit record: ${wrong}`)
      yield line as unknown as AuditEntry
    }
  }
}

/** One step of a path. `.` and `..` would be taken out of it, and then it is another call. */
function segment(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && !/^\.\.?$/.test(value)) return encodeURIComponent(value)
  throw invalid([[name, 'must be the text that a list names']])
}
