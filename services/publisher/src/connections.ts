import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { HttpLimits } from './http-limits.ts'
import { SAY_FULL_EVERY_MS } from './limits.ts'
import { Problem, type ProblemCode, rawProblem } from './problems.ts'

/** What is known of one connection. */
interface Connection {
  /** Requests whose answers are not sent yet, in order. */
  readonly unanswered: Map<IncomingMessage, ServerResponse>
  /** It has had more of them than it may: nothing of it is served any more. */
  overrun: boolean
}

/** Lines may come for as long as they keep coming, and whoever sends them has signed on before any is read. */
function isUpload({ url, headers }: IncomingMessage): boolean {
  return (
    url?.startsWith('/v1/revocations') === true && headers['content-type']?.startsWith('application/x-ndjson') === true
  )
}

/** The connections of one server, and what bounds them that Node itself does not. */
export class Connections {
  readonly #limits: HttpLimits
  readonly #logger: FastifyBaseLogger
  readonly #known = new WeakMap<Socket, Connection>()
  readonly #onRefused: ((code: ProblemCode) => void) | undefined
  #saysFull: NodeJS.Timeout | undefined

  /** @param onRefused told the code of each connection that is ended with an answer. */
  constructor(limits: HttpLimits, logger: FastifyBaseLogger, onRefused?: (code: ProblemCode) => void) {
    this.#onRefused = onRefused
    this.#limits = limits
    this.#logger = logger
  }

  /** Begins to watch. Called once, before the server listens. */
  watch(server: Server): void {
    server.maxConnections = this.#limits.maxConnections
    // One more than may be, so that it can be seen: Node drops what is beyond without a word.
    server.maxHeadersCount = this.#limits.maxHeaders + 1
    server.prependListener('request', (request, response) => this.#begin(request, response))
    server.on('drop', () => this.#makeRoom(server))
  }

  /** Throws if the connection of this request, or the request itself, is more than the server spends on one. */
  check({ socket, rawHeaders }: IncomingMessage): void {
    const connection = this.#of(socket)
    const { maxUnanswered, maxHeaders } = this.#limits
    connection.overrun ||= connection.unanswered.size > maxUnanswered
    if (connection.overrun) {
      const detail = `more than ${maxUnanswered} requests of this connection wait for their answers: open another one`
      throw new Problem('rate_limited', detail, { headers: { 'retry-after': '1', connection: 'close' } })
    }
    if (rawHeaders.length > 2 * maxHeaders) {
      const detail = `a request has at most ${maxHeaders} headers`
      throw new Problem('headers_too_large', detail, { headers: { connection: 'close' } })
    }
  }

  /**
   * Ends the connection if its client has not read an answer of so many bytes in time: until then the answer stays in
   * memory, and a snapshot is as large as the index.
   */
  limitReading(response: ServerResponse, bytes: number): void {
    const { socket } = response.req
    if (socket.destroyed) return
    const { answerTimeoutMs, minReadBytesPerMs } = this.#limits
    const timer = setTimeout(() => socket.destroy(), answerTimeoutMs + bytes / minReadBytesPerMs)
    // The connection itself keeps the process going as long as it lasts.
    timer.unref()
    response.once('close', () => clearTimeout(timer))
  }

  /** Ends a connection that sent no request we could read, with an answer where one can be told apart from others. */
  refuse(socket: Socket, code: Parameters<typeof rawProblem>[0]): void {
    if (!socket.writable || !this.#awaitsThisAnswer(socket)) {
      socket.destroy()
      return
    }
    this.#onRefused?.(code)
    socket.end(rawProblem(code))
    // Closing at once could take the answer away again, if the client still sends; waiting for it could take for ever.
    const timer = setTimeout(() => socket.destroy(), this.#limits.lingerMs)
    socket.once('close', () => clearTimeout(timer))
  }

  /** True if what is written now answers what could not be read, not a request before it, nor stands inside an answer. */
  #awaitsThisAnswer(socket: Socket): boolean {
    const [first, ...more] = this.#of(socket).unanswered
    if (!first) return true
    const [request, response] = first
    return more.length === 0 && !request.complete && !response.headersSent
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const { unanswered } = this.#of(request.socket)
    unanswered.set(request, response)
    // The connection itself keeps the process going as long as it lasts.
    const timer = setTimeout(() => this.#lose(request), this.#limits.requestTimeoutMs).unref()
    response.once('close', () => {
      clearTimeout(timer)
      unanswered.delete(request)
    })
  }

  /** Its time is over: had it come whole, or is it one that may take longer? */
  #lose(request: IncomingMessage): void {
    if (!request.complete && !isUpload(request)) this.refuse(request.socket, 'request_timeout')
  }

  /** Whoever idles makes room, so that whoever was turned away can come again. */
  #makeRoom(server: Server): void {
    if (this.#saysFull) return
    this.#saysFull = setTimeout(() => {
      this.#saysFull = undefined
    }, SAY_FULL_EVERY_MS)
    // Nothing waits for it: it must not hold up a process that wants to end.
    this.#saysFull.unref()
    server.closeIdleConnections()
    const { maxConnections } = this.#limits
    this.#logger.warn({ maxConnections }, 'a connection was closed, because there are too many; idle ones made room')
  }

  #of(socket: Socket): Connection {
    const known = this.#known.get(socket)
    if (known) return known
    const connection = { unanswered: new Map(), overrun: false }
    this.#known.set(socket, connection)
    return connection
  }
}
