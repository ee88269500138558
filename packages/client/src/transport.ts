import type { Settings } from './client-options.ts'
import { Deadline } from './deadline.ts'
import { type ClientCode, RescindHttpError } from './http-error.ts'
import { heeding } from './pause.ts'
import { hasType, parseJson, readText, refusalOf, strange } from './read-body.ts'
import type { Shape } from './shapes.ts'

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** From `/v1` on, with its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | ReadableStream<Uint8Array> | undefined
  /** Longest the attempt may take, in milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Instead of one that is made of `timeoutMs` and `signal`: for whoever has to hold it. */
  readonly deadline?: Deadline
}

/** An answer whose body is still to be read. `deadline` covers the reading, too; whoever has it calls `deadline.end()`. */
export interface Opened {
  readonly response: Response
  readonly deadline: Deadline
}

/** Before these nothing was sent, so nothing can have been taken. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Wrong certificates: neither sent, nor better at the next attempt. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS|^ERR_SSL|^EPROTO$/

/** An attempt that got no answer, and what is known of it. */
export class NoAnswer extends RescindHttpError {
  /** False if it is certain that nothing was sent. */
  readonly wasSent: boolean
  /** False if another attempt fails alike. */
  readonly passes: boolean

  constructor(
    code: ClientCode,
    detail: string,
    facts: { readonly sent: boolean; readonly passes: boolean; readonly cause: unknown },
  ) {
    super(code, detail, { cause: facts.cause })
    this.wasSent = facts.sent
    this.passes = facts.passes
  }
}

/** Sends requests to one publisher, one attempt each. */
export class Transport {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Where it is, for messages; it holds no secret. */
  get where(): string {
    return this.#settings.base
  }

  /** Of one attempt: ends with the client's own signal, too. */
  deadline(ms: number, signal?: AbortSignal): Deadline {
    return new Deadline([this.#settings.signal, signal], ms)
  }

  /**
   * The answer, as soon as its head is here. A refusal, or what is no publisher's answer, is a {@link RescindHttpError};
   * `accepts` lists the media types that are none. A caller who gives up gets the reason of the signal.
   */
  async open(call: Call, accepts: readonly string[], isAnswer = isOk): Promise<Opened> {
    const { base } = this.#settings
    const deadline = call.deadline ?? this.deadline(call.timeoutMs, call.signal)
    try {
      deadline.signal.throwIfAborted()
      const response = await this.#fetch(call, accepts, deadline)
      const isNothing = response.status === 204
      if (isAnswer(response.status) && (isNothing || hasType(response, ...accepts))) return { response, deadline }
      const text = await readText(response)
      throw isOk(response.status) ? strange(response, text, base) : refusalOf(response, text, base)
    } catch (error) {
      const failure = this.failure(error, deadline, call)
      deadline.end()
      throw failure
    }
  }

  async #fetch(call: Call, accepts: readonly string[], { signal }: Deadline): Promise<Response> {
    const { fetch, base } = this.#settings
    const headers: Record<string, string> = {
      accept: [...accepts, 'application/problem+json'].join(', '),
      ...call.headers,
    }
    const credential = await this.#credential(signal)
    if (credential !== undefined) headers.authorization = `Bearer ${credential}`
    if (typeof call.body === 'string') headers['content-type'] = 'application/json'
    return fetch(base + call.path, {
      method: call.method,
      headers,
      signal,
      redirect: 'manual',
      ...(call.body !== undefined && { body: call.body }),
      // A streamed body needs it; TypeScript's RequestInit does not know it yet.
      ...(typeof call.body === 'object' && ({ duplex: 'half' } as object)),
    })
  }

  async #credential(signal: AbortSignal): Promise<string | undefined> {
    try {
      return await heeding(signal, this.#settings.credentials())
    } catch (cause) {
      signal.throwIfAborted()
      const detail = `the function that is to give the token failed: ${cause instanceof Error ? cause.message : 'no reason'}`
      throw new NoAnswer('no_token', detail, { sent: false, passes: false, cause })
    }
  }

  /** The whole JSON answer, if it is of this shape. */
  async json<T>(
    call: Call,
    shape: Shape,
    isAnswer = isOk,
  ): Promise<{ readonly answer: T; readonly response: Response }> {
    const { response, deadline } = await this.open(call, ['application/json'], isAnswer)
    try {
      const text = await readText(response)
      const answer = parseJson(text)
      if (answer === undefined) throw strange(response, text, this.where)
      const wrong = shape.wrong(answer, '')
      if (wrong === undefined) return { answer: answer as T, response }
      const detail = `${this.where} answered ${response.status}, not as this client knows it: ${wrong}; are their versions far apart?`
      throw new RescindHttpError('unexpected_answer', detail, { status: response.status })
    } catch (error) {
      throw this.failure(error, deadline, call)
    } finally {
      deadline.end()
    }
  }

  /** What an attempt failed of, for whoever called. */
  failure(error: unknown, deadline: Deadline, call: Call): unknown {
    if (error instanceof RescindHttpError) return error
    if (deadline.isOver) {
      const detail = `${this.where} did not answer ${call.method} ${pathOf(call)} within ${call.timeoutMs} ms`
      return new NoAnswer('timed_out', detail, { sent: true, passes: true, cause: error })
    }
    if (deadline.signal.aborted) return deadline.signal.reason
    if (!(error instanceof TypeError)) return error
    const { code, message } = innermost(error)
    const untrusted = UNTRUSTED.test(code)
    // `fetch` refuses some ports by itself, without a code.
    const isBadPort = message === 'bad port'
    const sent = !untrusted && !isBadPort && !NOT_SENT.has(code)
    const what = untrusted
      ? `the certificate of ${this.where} is not to be trusted`
      : `${sent ? 'the connection was cut to' : 'cannot reach'} ${this.where}`
    const detail = `${what} (${code || message})`
    return new NoAnswer('network_error', detail, { sent, passes: !untrusted && !isBadPort, cause: error })
  }
}

function isOk(status: number): boolean {
  return status >= 200 && status < 300
}

function pathOf({ path }: Call): string {
  return path.split('?', 1)[0] ?? ''
}

/** What the innermost cause says, and the code that Node gave it. */
function innermost(error: Error): { readonly code: string; readonly message: string } {
  let [code, inner] = ['', error]
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    inner = each
    const own = (each as { code?: unknown }).code
    if (typeof own === 'string') code = own
  }
  return { code, message: inner.message }
}
