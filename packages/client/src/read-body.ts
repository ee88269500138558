import { RescindHttpError } from './http-error.ts'
import { MAX_ANSWER_BYTES, MAX_QUOTED, MAX_TOLD_MISTAKES } from './limits.ts'
import { isObject } from './shapes.ts'

/** The whole body as text; `unexpected_answer` beyond the bound. */
export async function readText(response: Response, maxBytes: number = MAX_ANSWER_BYTES): Promise<string> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.byteLength
    if (length > maxBytes) {
      throw new RescindHttpError('unexpected_answer', `the answer is larger than ${maxBytes} bytes`, {
        status: response.status,
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length).toString('utf8')
}

/** True if the answer says that it is of this kind, whatever its parameters. */
export function hasType(response: Response, ...types: readonly string[]): boolean {
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  return types.includes(type ?? '')
}

/** The body as JSON; undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Makes the error of an answer that is a refusal, or of somebody else. `text` is its body. */
export function refusalOf(response: Response, text: string, where: string): RescindHttpError {
  const { status } = response
  const retryAfterMs = retryAfterOf(response)
  const body = hasType(response, 'application/problem+json') ? parseJson(text) : undefined
  if (!isObject(body) || typeof body.code !== 'string') return strange(response, text, where)
  const errors = Array.isArray(body.errors) ? body.errors.filter(isMistake) : []
  const mistakes = errors.map(({ pointer, detail }) => (pointer ? `${pointer} ${detail}` : detail))
  const said = String(body.detail ?? body.title ?? 'refused')
  const more = mistakes.filter((mistake) => !said.includes(mistake)).slice(0, MAX_TOLD_MISTAKES)
  const detail = [said, ...more].join('; ')
  return new RescindHttpError(body.code, detail, { status, errors, retryAfterMs })
}

/** Something answered that is no publisher. */
export function strange(response: Response, text: string, where: string): RescindHttpError {
  const { status } = response
  const retryAfterMs = retryAfterOf(response)
  if (status >= 300 && status < 400) {
    const detail = `${where} redirects, which is not followed, since the key would go along: give the address itself`
    return new RescindHttpError('unexpected_answer', detail, { status })
  }
  const type = response.headers.get('content-type') ?? 'no content type'
  const quote = quoted(text)
  const detail = `${where} answered ${status} with ${type}, which no publisher does: is the address right, is a proxy in between?${quote}`
  return new RescindHttpError('unexpected_answer', detail, { status, retryAfterMs })
}

/** What it says, on one line, without what a terminal would obey. */
function quoted(text: string): string {
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  if (plain === '') return ''
  return ` It says: ${plain.length > MAX_QUOTED ? `${plain.slice(0, MAX_QUOTED)}…` : plain}`
}

/** `Retry-After` in milliseconds (RFC 9110 section 10.2.3); only its seconds are read, which is what publishers send. */
function retryAfterOf(response: Response): number | undefined {
  const text = response.headers.get('retry-after') ?? ''
  return /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined
}

function isMistake(value: unknown): value is { pointer: string; code: string; detail: string } {
  return (
    isObject(value) &&
    typeof value.pointer === 'string' &&
    typeof value.code === 'string' &&
    typeof value.detail === 'string'
  )
}
