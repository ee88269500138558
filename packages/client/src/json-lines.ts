import { RescindHttpError } from './http-error.ts'
import { UPLOAD_STALL_MS } from './limits.ts'
import { linesOf } from './lines.ts'
import { parseJson } from './read-body.ts'
import { isObject } from './shapes.ts'
import type { Call, Opened, Transport } from './transport.ts'

/**
 * The objects of an `application/x-ndjson` answer as they arrive. Rejects with `timed_out` after a minute of silence, with
 * `network_error` if it is cut, with `unexpected_answer` for a line that is no JSON object. Ends the request when its reader stops.
 */
export async function* jsonLines(
  transport: Transport,
  call: Call,
  { response, deadline }: Opened,
  silenceMs: number = UPLOAD_STALL_MS,
): AsyncGenerator<Record<string, unknown>> {
  try {
    deadline.restart(silenceMs)
    const lines = linesOf(response.body ?? new ReadableStream(), () => deadline.restart(silenceMs))
    for (let next = await lines.next(); ; next = await lines.next()) {
      if (next.value.trim() !== '') yield objectOf(next.value)
      if (next.done) return
    }
  } catch (error) {
    throw transport.failure(error, deadline, { ...call, timeoutMs: silenceMs })
  } finally {
    deadline.end()
  }
}

function objectOf(line: string): Record<string, unknown> {
  const value = parseJson(line)
  if (isObject(value)) return value
  throw new RescindHttpError('unexpected_answer', 'a line of the answer is no JSON object')
}
