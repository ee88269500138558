import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { systemClock } from '@rescind/protocol'
import type { FastifyInstance } from 'fastify'
import type { Gate } from '../src/gate.ts'
import type { HttpLimits } from '../src/http-limits.ts'
import { KeyRing } from '../src/keys.ts'
import { createLogger } from '../src/logger.ts'
import type { Principal } from '../src/principal.ts'
import { Problem } from '../src/problems.ts'
import { RateLimit } from '../src/rate-limit.ts'
import { createServer } from '../src/server.ts'
import { SignOn } from '../src/sign-on.ts'
import { KEYS, withPublisher } from './harness.ts'
import { head, RawConnection } from './raw-connection.ts'
import { until } from './until.ts'

const WRITER = { authorization: `Bearer ${KEYS.admin.key}`, 'content-type': 'application/json' }
const MEGABYTE = 1024 * 1024

/** The publisher's own server with a few routes that do as they are told, on a free port. */
class Server {
  readonly app: FastifyInstance
  readonly lines: string[] = []
  /** Requests that came in, whatever became of them. */
  requests = 0
  /** Requests of `/wait` and `/big` that were begun. */
  waiting = 0
  readonly #held: (() => void)[] = []

  private constructor(limits: Partial<HttpLimits>, gate: Gate) {
    const logger = createLogger('info', { write: (line) => void this.lines.push(line) })
    this.app = createServer({ gate, logger, clock: systemClock, limits: { checkEveryMs: 20, ...limits } })
    this.app.get('/open', () => ({ ok: true }))
    this.app.get('/big', () => {
      this.waiting += 1
      return Buffer.alloc(64 * MEGABYTE)
    })
    this.app.get('/wait', async () => {
      this.waiting += 1
      await new Promise<void>((resolve) => this.#held.push(resolve))
      return { ok: true }
    })
    this.app.server.on('request', () => {
      this.requests += 1
    })
    this.app.post('/body', { config: { scope: 'revocations:write' } }, () => ({ ok: true }))
  }

  static async start(limits: Partial<HttpLimits>, gate?: Gate): Promise<Server> {
    const refusals = new RateLimit({ perSec: 100, maxNames: 10, clock: systemClock })
    const keys = new KeyRing([KEYS.admin.kept])
    const server = new Server(limits, gate ?? { signOn: new SignOn({ keys, refusals }) })
    await server.app.listen({ host: '127.0.0.1', port: 0 })
    return server
  }

  /** Lets so many of those that wait go, the longest waiting first. */
  letGo(count = this.#held.length): void {
    for (const resolve of this.#held.splice(0, count)) resolve()
  }

  open(options = {}): Promise<RawConnection> {
    return RawConnection.open((this.app.server.address() as AddressInfo).port, options)
  }

  /** Connections that are open at the server's end. */
  connections(): Promise<number> {
    return new Promise((resolve) => this.app.server.getConnections((_error, count) => resolve(count)))
  }

  async stop(): Promise<void> {
    this.letGo()
    const closed = this.app.close()
    this.app.server.closeAllConnections()
    await closed
  }
}

let server: Server | undefined
async function start(limits: Partial<HttpLimits> = {}, gate?: Gate): Promise<Server> {
  server = await Server.start(limits, gate)
  return server
}
afterEach(async () => {
  assert.ok(!server?.lines.some((line) => /"level":[56]0/.test(line)), server?.lines.join(''))
  await server?.stop()
  server = undefined
})

const TIMED_OUT = /^HTTP\/1.1 408 Request Timeout\r\n.*Connection: close\r\n.*"code":"request_timeout"/s

describe('slow requests are cut off', () => {
  it('a connection that says nothing', async () => {
    const it = await start({ headersTimeoutMs: 100, requestTimeoutMs: 10_000 })
    assert.match(await (await it.open()).ended(), TIMED_OUT)
  })

  it('headers that come byte by byte', async () => {
    const it = await start({ headersTimeoutMs: 100, requestTimeoutMs: 10_000 })
    const connection = await it.open()
    connection.write('GET /open HTTP/1.1\r\nhost: x\r\nslow: ')
    assert.match(await connection.drip('x'), TIMED_OUT)
  })

  it('a body that comes byte by byte, of someone who may send one', async () => {
    const it = await start({ headersTimeoutMs: 200, requestTimeoutMs: 200 })
    const connection = await it.open()
    connection.write(head('POST', '/body', { ...WRITER, 'content-length': '100000' }))
    assert.match(await connection.drip(' '), TIMED_OUT)
  })

  it('the body of someone who may not is answered before it comes', async () => {
    const it = await start()
    const connection = await it.open()
    connection.write(head('POST', '/body', { 'content-length': '100000' }))
    await until('the refusal came', () => connection.text.includes('"credentials_required"'))
    connection.socket.destroy()
  })

  it('a client that never closes its end is not waited for', async () => {
    const it = await start({ headersTimeoutMs: 100, requestTimeoutMs: 10_000, lingerMs: 50 })
    const connection = await it.open({ allowHalfOpen: true })
    await until('it is told', () => TIMED_OUT.test(connection.text))
    await until('it is gone', async () => (await it.connections()) === 0)
    connection.socket.destroy()
  })

  it('a second request on a connection has its own time', async () => {
    const it = await start({ headersTimeoutMs: 1_000, requestTimeoutMs: 10_000 })
    const connection = await it.open()
    connection.write(head('GET', '/open'))
    await until('the first answer', () => connection.text.includes('{"ok":true}'))
    connection.text = ''
    connection.write('GET /open HTTP/1.1\r\n')
    assert.match(await connection.ended(), TIMED_OUT)
  })

  it('a connection that idles after an answer ends without one more', async () => {
    const it = await start({ keepAliveMs: 50 })
    const connection = await it.open()
    connection.write(head('GET', '/open'))
    assert.match(await connection.ended(), /^HTTP\/1.1 200 OK\r\n.*\{"ok":true\}$/s)
  })
})

describe('slow readers are cut off', () => {
  it('one that reads nothing', async () => {
    const it = await start({ stallTimeoutMs: 200 })
    const connection = await it.open()
    connection.socket.pause()
    connection.write(head('GET', '/big'))
    await until('the request came in', () => it.waiting === 1)
    await until('it is gone', async () => (await it.connections()) === 0)
    connection.socket.destroy()
  })

  it('one that reads too slowly, though it never stops', async () => {
    const it = await start({ answerTimeoutMs: 200, minReadBytesPerMs: MEGABYTE })
    const connection = await it.open()
    connection.socket.removeAllListeners('data')
    connection.socket.pause()
    connection.write(head('GET', '/big'))
    let bytes = 0
    await until('it is gone', async () => {
      bytes += connection.socket.read()?.length ?? 0
      return bytes > 0 && (await it.connections()) === 0
    })
    assert.ok(bytes < 64 * MEGABYTE, `${bytes} bytes were read`)
    connection.socket.destroy()
  })

  it('one that is fast gets all of it', async () => {
    const it = await start()
    const connection = await it.open()
    connection.write(head('GET', '/big', { connection: 'close' }))
    const answer = await connection.ended()
    assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, 64 * MEGABYTE)
  })
})

describe('one client takes no more than its part', () => {
  it('more headers than a hundred are 431, a hundred are fine', async () => {
    const it = await start({ maxHeaders: 10 })
    const ask = async (count: number) => {
      const connection = await it.open()
      const more = Array.from({ length: count - 2 }, (_, n) => [`x-${n}`, 'y'])
      connection.write(head('GET', '/open', { connection: 'close', ...Object.fromEntries(more) }))
      return connection.ended()
    }
    assert.match(await ask(10), /^HTTP\/1.1 200 /)
    for (const count of [11, 12, 100, 1_000]) {
      assert.match(await ask(count), /^HTTP\/1.1 431 .*connection: close.*"code":"headers_too_large"/s)
    }
  })

  it('headers of more bytes are 431', async () => {
    const it = await start({ maxHeaderBytes: 2_000 })
    const connection = await it.open()
    connection.write(head('GET', '/open', { x: 'y'.repeat(2_000) }))
    assert.match(await connection.ended(), /^HTTP\/1.1 431 .*"code":"headers_too_large"/s)
  })

  it('one connection too many is closed without an answer; idle ones make room for the next', async () => {
    const it = await start({ maxConnections: 2 })
    const [idle, busy] = [await it.open(), await it.open()]
    idle.write(head('GET', '/open'))
    busy.write(head('GET', '/wait'))
    await until('one idles, one waits', () => idle.text.includes('{"ok":true}') && it.waiting === 1)
    assert.equal(await (await it.open()).ended(), '')
    await idle.ended()
    const next = await it.open()
    next.write(head('GET', '/open'))
    await until('the next is served', () => next.text.includes('{"ok":true}'))
    it.letGo()
    await until('who waited was left alone', () => busy.text.includes('{"ok":true}'))
    assert.ok(
      it.lines.some((line) => line.includes('"maxConnections":2')),
      'it is told',
    )
  })

  it('a flood of requests on one connection: so many are served, the others refused, and it ends', async () => {
    const it = await start({ maxUnanswered: 4 })
    const connection = await it.open()
    connection.write(head('GET', '/wait').repeat(200))
    await until('the first were taken', () => it.waiting === 4)
    it.letGo()
    const statuses = [...(await connection.ended()).matchAll(/HTTP\/1.1 (\d+) /g)].map(([, status]) => status)
    assert.deepEqual(statuses, ['200', '200', '200', '200', '429'])
    assert.match(connection.text, /connection: close.*"code":"rate_limited"/s)
    assert.equal(it.waiting, 4, 'nothing else was begun')
  })

  it('once it had too many, nothing of a connection is served any more, even if others are answered meanwhile', async () => {
    const it = await start({ maxUnanswered: 4 })
    const connection = await it.open()
    connection.write(head('GET', '/wait').repeat(6))
    await until('all came in', () => it.requests === 6 && it.waiting === 4)
    it.letGo(3)
    await until('three answers', () => connection.text.split('{"ok":true}').length === 4)
    connection.write(head('GET', '/wait'))
    await until('one more came in', () => it.requests === 7)
    it.letGo()
    assert.match(await connection.ended(), / 429 .*"code":"rate_limited"/s)
    assert.equal(it.waiting, 4)
  })

  it('requests one after the other are no flood', async () => {
    const it = await start({ maxUnanswered: 1 })
    const connection = await it.open()
    for (let n = 1; n <= 20; n++) {
      connection.write(head('GET', '/open'))
      await until('an answer', () => connection.text.split('{"ok":true}').length === n + 1)
    }
    assert.doesNotMatch(connection.text, / 429 /)
    connection.socket.destroy()
  })

  it('nonsense after a request that waits is never taken for its answer', async () => {
    const it = await start()
    const connection = await it.open()
    connection.write(`${head('GET', '/wait')}NONSENSE\r\n\r\n`)
    assert.equal(await connection.ended(), '')
    assert.equal(it.waiting, 1)
  })

  it('a client that goes away in the middle harms nobody', async () => {
    const it = await start()
    for (const bytes of [
      '',
      'POST',
      head('POST', '/body', { ...WRITER, 'content-length': '9' }),
      head('GET', '/wait'),
    ]) {
      const connection = await it.open()
      connection.write(bytes)
      connection.socket.resetAndDestroy()
    }
    await until('all are gone', async () => (await it.connections()) === 0)
    const next = await it.open()
    next.write(head('GET', '/open', { connection: 'close' }))
    assert.match(await next.ended(), /^HTTP\/1.1 200 /)
  })
})

it('a publisher can be given other bounds', () =>
  withPublisher({ config: { http: { headersTimeoutMs: 100, checkEveryMs: 20 } } }, async (harness) => {
    const connection = await RawConnection.open(Number(new URL(harness.publisher.url).port))
    assert.match(await connection.ended(), TIMED_OUT)
  }))

describe('R22: the body comes after the headers', () => {
  it('whoever was revoked meanwhile is refused', async () => {
    let isRevoked = false
    const principal: Principal = {
      ...{ id: 'token:root', name: 'jwt:root', signOn: 'token', scopes: new Set(['revocations:write'] as const) },
      confirm() {
        if (isRevoked) throw new Problem('invalid_credentials', 'revoked')
      },
    }
    let asked = 0
    const authenticate = async () => {
      asked += 1
      return principal
    }
    const it = await start({}, { signOn: { authenticate } as unknown as SignOn })
    const [kept, lost] = [await it.open(), await it.open()]
    const begin = head('POST', '/body', { ...WRITER, 'content-length': '2', connection: 'close' })
    kept.write(`${begin}{}`)
    assert.match(await kept.ended(), /^HTTP\/1.1 200 /)
    lost.write(`${begin}{`)
    await until('it has signed on', () => asked === 2)
    isRevoked = true
    lost.write('}')
    assert.match(await lost.ended(), /^HTTP\/1.1 401 .*"code":"invalid_credentials"/s)
  })
})
