import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { httpSnapshot } from '../src/index.ts'

async function serve(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/snapshot`
}

const fetchOptions = (more: object = {}) => ({ signal: new AbortController().signal, maxBytes: 1_000, ...more })

describe('httpSnapshot', () => {
  it('gets the bytes, with the token', async (context) => {
    const url = await serve(context, (request, response) => {
      response.end(request.headers.authorization)
    })
    const bytes = await httpSnapshot(url, { token: async () => 'abc' }).fetch(fetchOptions())
    assert.equal(Buffer.from(bytes).toString(), 'Bearer abc')
  })

  for (const [status, hint] of [
    [401, /a token that the publisher knows/],
    [403, /scope snapshot:read/],
    [404, /must end in \/v1\/snapshot/],
    [503, /not ready yet/],
    [500, /log of the publisher/],
  ] as const) {
    it(`says what to do about a ${status}`, async (context) => {
      const url = await serve(context, (_, response) => response.writeHead(status).end('x'))
      await assert.rejects(httpSnapshot(url).fetch(fetchOptions()), (error: Error & { code: string }) => {
        assert.equal(error.code, 'ERR_SNAPSHOT_UNAVAILABLE')
        assert.match(error.message, hint)
        return true
      })
    })
  }

  it('does not follow redirects: the token would go along', async (context) => {
    let asked = 0
    const elsewhere = await serve(context, (_, response) => {
      asked += 1
      response.end('theirs')
    })
    const url = await serve(context, (_, response) => response.writeHead(302, { location: elsewhere }).end())
    await assert.rejects(httpSnapshot(url).fetch(fetchOptions()), { code: 'ERR_SNAPSHOT_UNAVAILABLE' })
    assert.equal(asked, 0)
  })

  it('takes no more than the bound', async (context) => {
    const url = await serve(context, (_, response) => response.end(Buffer.alloc(1_001)))
    await assert.rejects(httpSnapshot(url).fetch(fetchOptions()), /larger than 1000 bytes/)
  })

  it('gives up on a body that stalls', async (context) => {
    const url = await serve(context, (_, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('half')
    })
    await assert.rejects(httpSnapshot(url, { stallMs: 50 }).fetch(fetchOptions()), /no byte for 50 ms/)
  })

  it('refuses a body that is cut off', async (context) => {
    const url = await serve(context, (_, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('half', () => response.destroy())
    })
    await assert.rejects(httpSnapshot(url).fetch(fetchOptions()), { code: 'ERR_SNAPSHOT_UNAVAILABLE' })
  })

  it('gives up when its signal fires', async (context) => {
    const abort = new AbortController()
    const url = await serve(context, () => abort.abort(new Error('no longer needed')))
    await assert.rejects(httpSnapshot(url).fetch(fetchOptions({ signal: abort.signal })), /no longer needed/)
  })

  it('gives up on a token that never comes when its signal fires', async () => {
    const abort = new AbortController()
    const token = () => {
      setImmediate(() => abort.abort(new Error('no longer needed')))
      return new Promise<string>(() => {})
    }
    const source = httpSnapshot('http://127.0.0.1:1/', { token })
    await assert.rejects(source.fetch(fetchOptions({ signal: abort.signal })), /no longer needed/)
  })

  it('takes a body that a proxy has compressed all the same, whatever length it states', async (context) => {
    const bytes = gzipSync(Buffer.alloc(900, 'a'))
    const url = await serve(context, (request, response) => {
      assert.equal(request.headers['accept-encoding'], 'identity')
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bytes.length }).end(bytes)
    })
    assert.equal((await httpSnapshot(url).fetch(fetchOptions())).byteLength, 900)
  })

  it('refuses what is no full address, and shows neither query nor password of one that is', async () => {
    for (const url of ['/v1/snapshot', 'publisher/v1/snapshot', 'nats://publisher', undefined as unknown as string]) {
      assert.throws(() => httpSnapshot(url), { code: 'ERR_INVALID_OPTION' })
    }
    const source = httpSnapshot('http://127.0.0.1:1/v1/snapshot?key=secret')
    await assert.rejects(source.fetch(fetchOptions()), ({ message }: Error) => !message.includes('secret'))
  })

  it('names the address when nobody answers', async () => {
    const source = httpSnapshot('http://127.0.0.1:1/v1/snapshot')
    await assert.rejects(source.fetch(fetchOptions()), /http:\/\/127\.0\.0\.1:1\/v1\/snapshot gave no snapshot/)
  })
})
