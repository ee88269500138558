import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
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
    const url = await serve(context, (_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    )
    await assert.rejects(httpSnapshot(url).fetch(fetchOptions()), { code: 'ERR_SNAPSHOT_UNAVAILABLE' })
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

  it('names the address when nobody answers', async () => {
    const source = httpSnapshot('http://127.0.0.1:1/v1/snapshot')
    await assert.rejects(source.fetch(fetchOptions()), /http:\/\/127\.0\.0\.1:1\/v1\/snapshot gave no snapshot/)
  })
})
