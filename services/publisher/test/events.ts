import assert from 'node:assert/strict'
import { checkAnswer } from './contract/check-answer.ts'
import { type Harness, KEYS } from './harness.ts'
import { until } from './until.ts'

/** One event of a stream, or a comment. */
export interface ReadEvent {
  readonly event: string | undefined
  readonly id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: each test states what it expects
  readonly data: any
  readonly comment: string | undefined
}

/** A stream of events that is read as it comes. */
export class EventsReader {
  text = ''
  ended = false
  readonly #abort: AbortController
  readonly #reading: Promise<void>

  constructor(response: Response, abort: AbortController) {
    this.#abort = abort
    this.#reading = this.#read(response)
  }

  /** Whole events so far. */
  get all(): readonly ReadEvent[] {
    return this.text.split('\n\n').slice(0, -1).map(eventOf)
  }

  /** Those that are revocations and lifts. */
  get facts(): readonly ReadEvent[] {
    return this.all.filter(({ event }) => event === 'revocation' || event === 'lift')
  }

  /** The last id so far. */
  get lastId(): string | undefined {
    return this.all.findLast(({ id }) => id !== undefined)?.id
  }

  until<T>(what: string, condition: () => T): Promise<NonNullable<T>> {
    return until(`${what}: ${this.text.slice(-300)}`, condition)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#reading
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const bytes of response.body ?? []) this.text += decoder.decode(bytes, { stream: true })
    } catch {
      // Cut off, or closed by the test.
    }
    this.ended = true
  }
}

/** Opens a stream; openapi.json must describe its head. */
export async function openEvents(
  harness: Harness,
  { lastEventId, key = KEYS.admin.key }: { lastEventId?: string | undefined; key?: string } = {},
): Promise<EventsReader> {
  const abort = new AbortController()
  const response = await fetch(`${harness.publisher.url}/v1/events`, {
    headers: {
      authorization: `Bearer ${key}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    signal: abort.signal,
  })
  assert.equal(response.status, 200)
  checkAnswer({ method: 'GET', path: '/v1/events', status: 200, headers: response.headers, text: ':' })
  return new EventsReader(response, abort)
}

function eventOf(text: string): ReadEvent {
  const field = (name: string): string | undefined => {
    const line = text.split('\n').find((one) => one.startsWith(`${name}: `))
    return line?.slice(name.length + 2)
  }
  const event = field('event')
  const data = field('data')
  const isJson = event !== undefined && event !== 'reset'
  return { event, id: field('id'), data: data && isJson ? JSON.parse(data) : data, comment: field('') }
}
