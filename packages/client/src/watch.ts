import { CAUSING, LIFT_FACT_FIELDS } from './answer-shapes.ts'
import type { CausingRevocation, LiftFact } from './answers.ts'
import type { Settings } from './client-options.ts'
import { RescindHttpError } from './http-error.ts'
import { MAX_LINE_LENGTH, RECONNECT_CAP_MS, SILENCE_MS } from './limits.ts'
import { linesOf } from './lines.ts'
import { parseJson } from './read-body.ts'
import type { CallOptions } from './requests.ts'
import { passes, pauseMs, restBefore } from './retries.ts'
import { type ServerEvent, ServerEvents } from './server-events.ts'
import { isObject, object, optional, TEXT } from './shapes.ts'
import type { Call, Opened, Transport } from './transport.ts'

/** A lift with who made it. */
export interface LiftEvent extends LiftFact {
  /** When it came into the log. */
  readonly at: string
  readonly actor: string
  readonly note?: string
}

/** What {@link Client.watch} gives. `cursor` is where it goes on from: keep it, and give it as `since`. */
export type WatchEvent =
  | { readonly type: 'revocation'; readonly cursor: string; readonly revocation: CausingRevocation }
  | { readonly type: 'lift'; readonly cursor: string; readonly lift: LiftEvent }
  /** What came since the cursor asked for cannot be told any more: list what is live, then go on reading here. */
  | { readonly type: 'reset'; readonly cursor: string; readonly detail: string }

/** Options of {@link Client.watch}. */
export interface WatchOptions extends CallOptions {
  /** The cursor of an earlier event: what came after it comes first. Without it, only what is new. */
  readonly since?: string | undefined
  /** Longest silence before the connection counts as lost, in milliseconds; default 45,000, which is three heartbeats. */
  readonly silenceMs?: number | undefined
  /** Called when the connection was lost, before it is asked for again. */
  readonly onLost?: ((error: RescindHttpError) => void) | undefined
  /** Called whenever the publisher has taken the request. */
  readonly onConnected?: (() => void) | undefined
}

/** The publisher has ended the stream and said why: it is asked for again, and refuses then what is to be refused. */
class StreamClosed extends RescindHttpError {}

/** {@link LiftEvent}. */
export const LIFT_EVENT = object<LiftEvent>({ ...LIFT_FACT_FIELDS, at: TEXT, actor: TEXT, note: optional(TEXT) })
const FOLLOWS = 'text/event-stream'

/**
 * Follows `GET /v1/events` for as long as it is read: a connection that is lost or silent is asked for again, from the last
 * event on, for ever; also one that the publisher has closed (too slow a reader, a publisher that stops, a token that has
 * expired). Rejects with what no further attempt mends (401, 403, 404, an answer that is none).
 */
export async function* watchEvents(
  settings: Settings,
  transport: Transport,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void> {
  const silenceMs = options.silenceMs ?? SILENCE_MS
  let cursor = options.since ?? ''
  let failures = 0
  for (;;) {
    try {
      const headers = cursor === '' ? {} : { 'last-event-id': cursor }
      const call: Call = {
        method: 'GET',
        path: '/v1/events',
        headers,
        timeoutMs: settings.timeoutMs,
        signal: options.signal,
      }
      const opened = await transport.open(call, [FOLLOWS])
      options.onConnected?.()
      const events = new ServerEvents(cursor)
      for await (const event of eventsOf(transport, call, opened, silenceMs, events)) {
        // An id without an event, the first of all, says where the stream begins: a cut before its first event loses none.
        cursor = events.place
        if (event === undefined) continue
        const known = watchEvent(event)
        failures = 0
        if (known) yield known
      }
      throw new RescindHttpError('network_error', `${transport.where} has ended the stream of events`)
    } catch (error) {
      if (!isLost(error)) throw error
      options.onLost?.(error)
      const restMs = Math.max(pauseMs(settings.random, failures, RECONNECT_CAP_MS), error.retryAfterMs ?? 0)
      failures += 1
      await restBefore(restMs, settings.signal, options.signal)
    }
  }
}

function isLost(error: unknown): error is RescindHttpError {
  if (!(error instanceof RescindHttpError)) return false
  return passes(error) || error instanceof StreamClosed || error.code === 'network_error'
}

/** Events, and undefined for each end of a block that gives none. */
async function* eventsOf(
  transport: Transport,
  call: Call,
  { response, deadline }: Opened,
  silenceMs: number,
  events: ServerEvents,
): AsyncGenerator<ServerEvent | undefined> {
  let length = 0
  try {
    deadline.restart(silenceMs)
    for await (const line of linesOf(response.body ?? new ReadableStream(), () => deadline.restart(silenceMs))) {
      length = line === '' ? 0 : length + line.length
      if (length > MAX_LINE_LENGTH)
        throw new RescindHttpError('unexpected_answer', 'an event is longer than any can be')
      const event = events.take(line)
      if (event?.event === 'closed') throw closed(event)
      if (line === '') yield event
    }
  } catch (error) {
    throw transport.failure(error, deadline, { ...call, timeoutMs: silenceMs })
  } finally {
    deadline.end()
  }
}

function closed({ data }: ServerEvent): StreamClosed {
  const told = parseJson(data)
  const { code, detail } = isObject(told) ? told : {}
  const why = typeof detail === 'string' ? detail : 'without a reason'
  return new StreamClosed(
    typeof code === 'string' ? code : 'network_error',
    `the publisher has ended the stream: ${why}`,
  )
}

/** Undefined for events of a later release. */
function watchEvent({ event, data, id: cursor }: ServerEvent): WatchEvent | undefined {
  if (event === 'reset') return { type: 'reset', cursor, detail: data }
  if (event !== 'revocation' && event !== 'lift') return undefined
  const fact = parseJson(data)
  const wrong = (event === 'lift' ? LIFT_EVENT : CAUSING).wrong(fact, '')
  if (wrong !== undefined) {
    throw new RescindHttpError('unexpected_answer', `an event "${event}" is not as this client knows it: ${wrong}`)
  }
  if (event === 'lift') return { type: 'lift', cursor, lift: fact as LiftEvent }
  return { type: 'revocation', cursor, revocation: fact as CausingRevocation }
}
