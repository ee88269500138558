import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type WaitWish, waitWish } from '../enforcement.ts'
import type { HeldKey, IdempotentAnswers } from '../idempotency.ts'
import { MAX_UPLOADS } from '../limits.ts'
import { REVOKE } from '../openapi/revocation.ts'
import type { Principal } from '../principal.ts'
import { Problem } from '../problems.ts'
import type { Publishing } from '../publishing.ts'
import { Upload, type UploadEvent } from '../upload.ts'
import { UPLOAD_BODY } from '../upload-id.ts'

/** The media type of revocations as lines. */
export const NDJSON = 'application/x-ndjson'

/** Takes lines for `POST /v1/revocations`, unread; everywhere else they are refused by name. */
export function takeLines(app: FastifyInstance): void {
  app.addContentTypeParser(NDJSON, (request, payload, done) => {
    if (request.routeOptions.url === REVOKE.path) done(null, payload)
    else done(new Problem('unsupported_media_type', 'send "Content-Type: application/json"'))
  })
}

/** True for a request whose body is lines. */
export function hasLines(request: FastifyRequest): boolean {
  return request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === NDJSON
}

/** Answers uploads: 200 and lines, of which the last is a summary, or says why it ended early. */
export class Uploads {
  readonly #publishing: Publishing
  readonly #answers: IdempotentAnswers
  #running = 0

  constructor(publishing: Publishing, answers: IdempotentAnswers) {
    this.#publishing = publishing
    this.#answers = answers
  }

  /** Of the body nothing has been read. */
  async take(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (Object.keys(request.query as object).includes('dryRun')) {
      const detail = '?dryRun is not for uploads: try some of the lines as an array'
      throw new Problem('not_supported', detail, { errors: [{ pointer: '', code: 'not_supported', detail }] })
    }
    if (this.#running >= MAX_UPLOADS) {
      const headers = { 'retry-after': '5' }
      throw new Problem('rate_limited', `${MAX_UPLOADS} uploads are running: wait for one of them`, { headers })
    }
    const wish = waitWish(request)
    const principal = request.principal as Principal
    const held = await this.#answers.hold(principal.id, request.headers['idempotency-key'], UPLOAD_BODY)
    const out = new PassThrough({ highWaterMark: 64 * 1024 })
    reply.code(200).type(NDJSON).header('cache-control', 'no-store').send(out)
    this.#running += 1
    void this.#run(request, out, { held, wish }).finally(() => {
      this.#running -= 1
      held.release()
    })
    return reply
  }

  async #run(request: FastifyRequest, out: PassThrough, { held, wish }: { held: HeldKey; wish: WaitWish | undefined }) {
    const principal = request.principal as Principal
    const emit = async (event: UploadEvent): Promise<void> => {
      if (out.destroyed) throw new Error('the client is gone')
      if (!out.write(`${JSON.stringify(event)}\n`)) await Promise.race([once(out, 'drain'), once(out, 'close')])
    }
    const upload = new Upload({
      ...this.#publishing,
      principal,
      request: held.request,
      firstId: held.known?.ids[0],
      wish,
      emit,
    })
    try {
      const last = await upload.run(request.body as Readable)
      const { type, lines, recorded, rejected } = last as Extract<UploadEvent, { lines: number }>
      request.log.info({ principal: principal.name, type, lines, recorded, rejected }, 'upload')
      out.end()
    } catch (error) {
      request.log.warn({ principal: principal.name, err: error }, 'an upload was cut off')
      out.destroy()
    }
  }
}
