import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
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
  readonly #response: IncomingMessage
  readonly #reading: Promise<void>

  constructor(response: IncomingMessage) {
    this.#response = response
    this.#reading = this.#read()
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
    this.#response.destroy()
    await this.#reading
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const bytes of this.#response) this.text += decoder.decode(bytes, { stream: true })
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
  const headers = {
    authorization: `Bearer ${key}`,
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  }
  // A connection of its own: a pool would keep others ready, and a stop waits for those.
  const request = get(`${harness.publisher.url}/v1/events`, { headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 200)
  const answered = new Headers(response.headers as Record<string, string>)
  checkAnswer({ method: 'GET', path: '/v1/events', status: 200, headers: answered, text: ':' })
  return new EventsReader(response)
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
