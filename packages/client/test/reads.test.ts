import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientOf, cut, json, LISTED, problem, scripted } from './scripted-publisher.ts'

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('reading', () => {
  it('lists page after page, as they are read, with claims that keep their type (R1)', async (context) => {
    const second = {
      ...LISTED,
      id: '019b0000-0000-7000-8000-000000000009',
      state: 'lifted',
      note: 'n',
      except: { sid: ['s'] },
    }
    const publisher = await scripted(context, [
      json(200, { revocations: [LISTED], next: 'page2' }),
      json(200, { revocations: [], next: 'page3' }),
      json(200, { revocations: [second] }),
    ])
    const client = clientOf(publisher)
    const listed = client.list({ claims: { sub: '42', level: 3 }, reason: 'logged_out', from: '2026-01-01T00:00:00Z' })
    assert.deepEqual(await all(listed), [LISTED, second])
    const asked = publisher.heard.map(({ path }) => new URL(path, publisher.url).searchParams)
    assert.equal(asked[0]?.get('claim.sub'), '"42"')
    assert.equal(asked[0]?.get('claim.level'), '3')
    assert.equal(asked[0]?.get('reason'), 'logged_out')
    assert.deepEqual(
      asked.map((each) => each.get('cursor')),
      [null, 'page2', 'page3'],
    )
    for await (const _ of client.list()) break
    assert.equal(publisher.heard.length, 4)
  })

  it('does not go round in circles', async (context) => {
    const publisher = await scripted(context, [json(200, { revocations: [LISTED], next: 'same' })])
    await assert.rejects(all(clientOf(publisher).list()), /a page names itself/)
  })

  it('shows one, and says that there is none', async (context) => {
    const receipt = { confirmed: [], pending: [], fenced: [], unproved: [] }
    const publisher = await scripted(context, [json(200, { ...LISTED, receipt }), problem(404, 'not_found')])
    const client = clientOf(publisher)
    assert.deepEqual((await client.show(LISTED.id)).receipt, receipt)
    assert.equal(publisher.heard[0]?.path, `/v1/revocations/${LISTED.id}`)
    await assert.rejects(client.show('x?y'), { code: 'not_found', status: 404 })
    assert.equal(publisher.heard[1]?.path, '/v1/revocations/x%3Fy')
  })

  it('asks again for what changes nothing, without an idempotency key', async (context) => {
    const causes = [{ ...LISTED, state: undefined }]
    const verdict = { kind: 'revoked', reason: 'logged_out', mode: 'cutoff', claims: ['sub'] }
    const publisher = await scripted(context, [cut, problem(503, 'shutting_down'), json(200, { verdict, causes })])
    const answer = await clientOf(publisher).check({ claims: { sub: 'ann' } })
    assert.equal(answer.verdict.kind, 'revoked')
    assert.equal(answer.causes?.[0]?.actor, 'admin')
    assert.deepEqual(publisher.keys, [undefined, undefined, undefined])
  })

  it('takes "not ready" for an answer', async (context) => {
    const checks = [{ name: 'log', ok: false, code: 'ERR_LOG_UNAVAILABLE', detail: 'no broker' }]
    const publisher = await scripted(context, [
      json(503, { status: 'not_ready', checks }),
      problem(503, 'shutting_down'),
      json(200, { status: 'ready' }),
    ])
    const client = clientOf(publisher)
    assert.deepEqual(await client.status(), { status: 'not_ready', checks })
    assert.equal(publisher.heard[0]?.path, '/readyz?verbose')
    await assert.rejects(client.status(), { code: 'shutting_down' })
  })

  it('reads the audit record line by line, and notices that it was cut', async (context) => {
    const entry = {
      time: '2026-01-31T12:00:00.000Z',
      principal: 'admin',
      signOn: 'key',
      action: 'revoke',
      outcome: 'broadcast',
      ids: ['a'],
      count: 1,
    }
    const line = `${JSON.stringify(entry)}\n`
    const head = { 'content-type': 'application/x-ndjson' }
    const publisher = await scripted(context, [
      (response) => void response.writeHead(200, head).end(line + line.trimEnd()),
      (response) => {
        response.writeHead(200, head)
        response.write(line, () => response.destroy())
      },
    ])
    const client = clientOf(publisher)
    assert.deepEqual(await all(client.audit({ from: '2026-01-01T00:00:00Z' })), [entry, entry])
    assert.equal(publisher.heard[0]?.path, '/v1/audit?from=2026-01-01T00%3A00%3A00Z')
    await assert.rejects(all(client.audit()), { code: 'network_error' })
  })
})
