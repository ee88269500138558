import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import type { WatchEvent } from '../src/index.ts'
import { ServerEvents } from '../src/server-events.ts'
import { clientOf, LISTED, problem, LIFT as RECORDED_LIFT, scripted } from './scripted-publisher.ts'

const { state: _, ...REVOKED } = LISTED
const LIFT = { ...RECORDED_LIFT, actor: 'admin' }

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders()
}

function event(id: string, name: string, data: unknown): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** Reads so many events, then leaves. */
async function take(events: AsyncIterable<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const found: WatchEvent[] = []
  for await (const each of events) if (found.push(each) === count) break
  return found
}

describe('watch', () => {
  it('gives revocations and lifts, wherever the pieces are cut', async (context) => {
    const text = `: heartbeat\r\n\r\n${event('e.1.a', 'revocation', REVOKED)}${event('e.2.b', 'later', {})}${event('e.3.c', 'lift', LIFT)}`
    const publisher = await scripted(context, [
      async (response) => {
        begin(response)
        for (const character of text) response.write(character)
      },
    ])
    const [first, second] = await take(clientOf(publisher).watch(), 2)
    assert.deepEqual(first, { type: 'revocation', cursor: 'e.1.a', revocation: REVOKED })
    assert.deepEqual(second, { type: 'lift', cursor: 'e.3.c', lift: LIFT })
    assert.equal(publisher.heard[0]?.headers['last-event-id'], undefined)
  })

  it('goes on from the last event after a cut, an end, and a refusal that passes', async (context) => {
    const publisher = await scripted(context, [
      (response) => {
        begin(response)
        response.write(event('e.1.a', 'revocation', REVOKED), () => response.destroy())
      },
      problem(503, 'too_many_streams'),
      (response) => {
        begin(response)
        response.end(event('e.2.b', 'revocation', REVOKED))
      },
      (response) => {
        begin(response)
        response.write(event('e.3.c', 'revocation', REVOKED))
      },
    ])
    const lost: string[] = []
    const events = clientOf(publisher).watch({ since: 'e.0.z', onLost: ({ code }) => lost.push(code) })
    const cursors = (await take(events, 3)).map(({ cursor }) => cursor)
    assert.deepEqual(cursors, ['e.1.a', 'e.2.b', 'e.3.c'])
    assert.deepEqual(lost, ['network_error', 'too_many_streams', 'network_error'])
    const ids = publisher.heard.map(({ headers }) => headers['last-event-id'])
    assert.deepEqual(ids, ['e.0.z', 'e.1.a', 'e.1.a', 'e.2.b'])
  })

  it('takes its place from an id without an event, and keeps it when an event has none', async (context) => {
    const bare = (name: string) => `event: ${name}\ndata: ${JSON.stringify(name === 'lift' ? LIFT : REVOKED)}\n\n`
    const publisher = await scripted(context, [
      (response) => {
        begin(response)
        response.write('id: e.1.a\n\nid: e.2.b\n', () => response.destroy())
      },
      (response) => {
        begin(response)
        response.write(bare('revocation'), () => response.destroy())
      },
      (response) => {
        begin(response)
        response.write(bare('lift'))
      },
    ])
    const found = await take(clientOf(publisher).watch(), 2)
    assert.deepEqual(
      found.map(({ cursor }) => cursor),
      ['e.1.a', 'e.1.a'],
    )
    const ids = publisher.heard.map(({ headers }) => headers['last-event-id'])
    assert.deepEqual(ids, [undefined, 'e.1.a', 'e.1.a'])
  })

  it('asks again after the publisher has closed the stream, and rejects with what it refuses then', async (context) => {
    const closing = (data: unknown) => (response: ServerResponse) => {
      begin(response)
      response.end(`id: e.1.a\n\nevent: closed\ndata: ${JSON.stringify(data)}\n\n`)
    }
    const publisher = await scripted(context, [
      closing({ code: 'too_slow', detail: 'resume' }),
      closing(7),
      closing({ code: 'invalid_credentials', detail: 'the token has expired' }),
      problem(401, 'invalid_credentials'),
    ])
    const lost: string[] = []
    const events = clientOf(publisher).watch({ onLost: ({ message }) => lost.push(message) })
    await assert.rejects(take(events, 1), { code: 'invalid_credentials', status: 401 })
    const ended = 'the publisher has ended the stream'
    assert.deepEqual(lost, [
      `too_slow: ${ended}: resume`,
      `network_error: ${ended}: without a reason`,
      `invalid_credentials: ${ended}: the token has expired`,
    ])
    assert.equal(publisher.heard[3]?.headers['last-event-id'], 'e.1.a')
  })

  it('takes silence for a lost connection; heartbeats are none', async (context) => {
    const publisher = await scripted(context, [
      (response) => {
        begin(response)
        response.write(event('e.1.a', 'revocation', REVOKED))
      },
      (response) => {
        begin(response)
        let beats = 0
        const timer = setInterval(() => {
          if (++beats < 8) response.write(': heartbeat\n\n')
          else response.write(event('e.2.b', 'revocation', REVOKED))
        }, 50)
        response.on('close', () => clearInterval(timer))
      },
    ])
    const events = clientOf(publisher).watch({ silenceMs: 300 })
    assert.equal((await take(events, 2)).length, 2)
    assert.equal(publisher.heard.length, 2)
  })

  it('tells a reset, and goes on from its own id', async (context) => {
    const publisher = await scripted(context, [
      (response) => {
        begin(response)
        response.end('event: reset\ndata: pruned\nid: e2.8.w\n\n')
      },
      (response) => {
        begin(response)
        response.write(event('e2.9.x', 'revocation', REVOKED))
      },
    ])
    const [reset] = await take(clientOf(publisher).watch({ since: 'e.1.old' }), 2)
    assert.deepEqual(reset, { type: 'reset', cursor: 'e2.8.w', detail: 'pruned' })
    assert.equal(publisher.heard[1]?.headers['last-event-id'], 'e2.8.w')
  })

  it('rejects with what no other attempt mends, and with the reason of its signal', async (context) => {
    const publisher = await scripted(context, [
      problem(403, 'insufficient_scope'),
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('x'),
      (response) => {
        begin(response)
        response.write(event('e.1.a', 'revocation', { id: 1 }))
      },
      (response) => begin(response),
    ])
    const client = clientOf(publisher)
    await assert.rejects(take(client.watch(), 1), { code: 'insufficient_scope' })
    await assert.rejects(take(client.watch(), 1), { code: 'unexpected_answer' })
    await assert.rejects(take(client.watch(), 1), /\/id is no text/)
    const abort = new AbortController()
    const options = { signal: abort.signal, onConnected: () => abort.abort(new Error('enough')) }
    await assert.rejects(take(client.watch(options), 1), /enough/)
  })
})

describe('ServerEvents', () => {
  it('reads fields as the standard says', () => {
    const events = new ServerEvents()
    const lines = ['id: 7', 'data: a', 'data:b', 'data:  c', ': comment', 'strange', '']
    const found = lines.flatMap((line) => events.take(line) ?? [])
    assert.deepEqual(found, [{ event: 'message', data: 'a\nb\n c', id: '7' }])
    assert.equal(events.take('event: x'), undefined)
    assert.equal(events.take(''), undefined)
    events.take('id: 8\0')
    events.take('data')
    assert.deepEqual(events.take(''), { event: 'message', data: '', id: '7' })
  })
})
