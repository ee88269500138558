import { RescindError } from '@rescind/protocol'
import type { SnapshotSource } from './snapshot-source.ts'

/** Options of {@link httpSnapshot}. */
export interface HttpSnapshotOptions {
  /** Bearer token with the scope `snapshot:read`, or a function that gives the present one. */
  readonly token?: string | (() => string | Promise<string>) | undefined
  /** Longest silence in the middle of a body, in milliseconds; default 10,000. */
  readonly stallMs?: number
  /** Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/** A publisher's `GET /v1/snapshot` as the place where a replica starts from. `url` is the full address. */
export function httpSnapshot(url: string | URL, options: HttpSnapshotOptions = {}): SnapshotSource {
  const address = addressOf(url)
  return {
    async fetch({ signal, maxBytes }) {
      const stalled = new AbortController()
      const abort = (): void => stalled.abort(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      try {
        signal.throwIfAborted()
        const response = await request(address, options, stalled.signal)
        return await readBody(response, maxBytes, stalled, options.stallMs ?? 10_000)
      } catch (cause) {
        if (cause instanceof RescindError) throw cause
        throw new RescindError('ERR_SNAPSHOT_UNAVAILABLE', `${shown(address)} gave no snapshot: ${reasonOf(cause)}`, {
          cause,
        })
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
  }
}

/** `ERR_INVALID_OPTION` for what is no full address. */
function addressOf(url: string | URL): URL {
  const address = URL.canParse(String(url)) ? new URL(url) : undefined
  if (address && /^https?:$/.test(address.protocol)) return address
  throw new RescindError('ERR_INVALID_OPTION', `httpSnapshot needs a full address, such as https://host/v1/snapshot`)
}

/** The address for messages: a query or a password in it would end up in logs. */
function shown({ origin, pathname }: URL): string {
  return origin + pathname
}

async function request(address: URL, options: HttpSnapshotOptions, signal: AbortSignal): Promise<Response> {
  const token = typeof options.token === 'function' ? await heeding(signal, options.token()) : options.token
  // Not compressed: what arrives is compared with its stated length.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const response = await (options.fetch ?? fetch)(address, { headers, signal, redirect: 'error' })
  if (response.status === 200 && response.body) return response
  await response.body?.cancel()
  const hint = HINTS[response.status] ?? 'see the log of the publisher'
  throw new RescindError('ERR_SNAPSHOT_UNAVAILABLE', `${shown(address)} answered ${response.status}: ${hint}`)
}

/** What somebody else's promise gives, or why the signal fired before it. */
async function heeding<T>(signal: AbortSignal, promise: T | Promise<T>): Promise<T> {
  let abort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
  })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort))
}

const HINTS: Record<number, string> = {
  401: 'give httpSnapshot a token that the publisher knows',
  403: 'the token needs the scope snapshot:read',
  404: 'the address must end in /v1/snapshot',
  429: 'replicas that share a key share its rate: raise RESCIND_RATE_LIMIT, or give them several keys',
  503: 'the publisher is not ready yet',
}

async function readBody(
  response: Response,
  maxBytes: number,
  stalled: AbortController,
  stallMs: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  for (;;) {
    const timer = setTimeout(() => stalled.abort(new Error(`no byte for ${stallMs} ms`)), stallMs)
    const { done, value } = await reader.read().finally(() => clearTimeout(timer))
    if (done) break
    length += value.byteLength
    if (length > maxBytes) {
      await reader.cancel()
      throw new RescindError('ERR_SNAPSHOT_UNAVAILABLE', `the snapshot is larger than ${maxBytes} bytes`)
    }
    chunks.push(value)
  }
  const stated = response.headers.get('content-length')
  const encoded = response.headers.has('content-encoding')
  if (stated !== null && !encoded && Number(stated) !== length) {
    throw new RescindError('ERR_SNAPSHOT_UNAVAILABLE', `the snapshot was cut off after ${length} of ${stated} bytes`)
  }
  return Buffer.concat(chunks, length)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}
