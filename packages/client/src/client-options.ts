import { type Clock, type Mistake, RescindError, systemClock } from '@rescind/protocol'
import { DEFAULT_RETRIES, DEFAULT_TIMEOUT_MS, MAX_RETRIES, MAX_TIMEOUT_MS } from './limits.ts'

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** Where the publisher is, such as `https://rescind.example`; a path before `/v1` is kept. */
  readonly url: string | URL
  /** A static key (`rsk_…`). */
  readonly key?: string | undefined
  /** Instead of a key: an access token of the admin issuer, or what gives the present one; asked before each attempt. */
  readonly token?: string | (() => string | Promise<string>) | undefined
  /** Longest that one attempt may take, in milliseconds, 100 to 120,000; default 10,000. Waiting for receipts comes on top. */
  readonly timeoutMs?: number | undefined
  /** Further attempts after one that failed for the moment, 0 to 20; default 5. None begins later than 30 s after the first. */
  readonly retries?: number | undefined
  /** Ends every call of this client. */
  readonly signal?: AbortSignal | undefined
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** For tests. */
  readonly clock?: Clock | undefined
  /** For tests: numbers from 0 (included) to 1 (excluded), which spread the pauses between attempts. */
  readonly random?: (() => number) | undefined
}

/** Options that were looked at, with their defaults. */
export interface Settings {
  /** Without a slash at its end. */
  readonly base: string
  readonly credentials: () => string | undefined | Promise<string | undefined>
  readonly timeoutMs: number
  readonly retries: number
  readonly signal: AbortSignal | undefined
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly random: () => number
}

const KNOWN: Readonly<Record<keyof ClientOptions, true>> = {
  url: true,
  key: true,
  token: true,
  timeoutMs: true,
  retries: true,
  signal: true,
  fetch: true,
  clock: true,
  random: true,
}

const VISIBLE = /^[\x21-\x7e]+$/

/** Checks options that may come from plain JavaScript; `ERR_INVALID_OPTION` names everything that is wrong with them. */
export function settingsOf(options: ClientOptions): Settings {
  const mistakes: Mistake[] = []
  const expect = (valid: boolean, option: string, detail: string): void => {
    if (!valid) mistakes.push({ pointer: `/${option}`, code: 'invalid_option', detail })
  }
  const given = options ?? {}
  for (const option of Object.keys(given)) {
    expect(Object.hasOwn(KNOWN, option), option, `is no option; there are ${Object.keys(KNOWN).slice(0, 7).join(', ')}`)
  }
  const { key, token, timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES, signal } = given
  const base = baseOf(given.url, expect)
  // The text itself is never quoted: it is a credential.
  expect(key === undefined || isCredential(key), 'key', 'must be the key as --new-key printed it, without white space')
  expect(
    token === undefined || typeof token === 'function' || isCredential(token),
    'token',
    'must be a token, or a function that gives one',
  )
  expect(key === undefined || token === undefined, 'token', 'give a key or a token, not both')
  expect(isBetween(timeoutMs, 100, MAX_TIMEOUT_MS), 'timeoutMs', `must be 100 to ${MAX_TIMEOUT_MS}`)
  expect(
    Number.isInteger(retries) && isBetween(retries, 0, MAX_RETRIES),
    'retries',
    `must be a whole number, 0 to ${MAX_RETRIES}`,
  )
  expect(signal === undefined || signal instanceof AbortSignal, 'signal', 'must be an AbortSignal')
  if (mistakes.length > 0) {
    const detail = mistakes.map((mistake) => `${mistake.pointer.slice(1)} ${mistake.detail}`).join('; ')
    throw new RescindError('ERR_INVALID_OPTION', detail, { mistakes })
  }
  return {
    base,
    credentials: () => (typeof token === 'function' ? token() : (token ?? key)),
    timeoutMs,
    retries,
    signal,
    fetch: given.fetch ?? ((...request) => fetch(...request)),
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
  }
}

type Expect = (valid: boolean, option: string, detail: string) => void

function baseOf(url: unknown, expect: Expect): string {
  const text = String(url ?? '')
  const address = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = address !== undefined && /^https?:$/.test(address.protocol)
  expect(isHttp, 'url', 'must be the full address of a publisher, such as https://rescind.example')
  if (!isHttp) return ''
  expect(address.username === '' && address.password === '', 'url', 'must not hold a user or password: give a key')
  expect(address.search === '' && address.hash === '', 'url', 'must not hold a query or fragment')
  return (address.origin + address.pathname).replace(/\/+$/, '')
}

function isCredential(value: unknown): boolean {
  return typeof value === 'string' && VISIBLE.test(value)
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most
}
