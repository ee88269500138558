import assert from 'node:assert/strict'
import { limits } from '@rescind/protocol'
import { MAX_STREAMS } from '../../src/limits.ts'
import { type EventsReader, openEvents } from '../events.ts'
import { type Harness, withPublisher } from '../harness.ts'
import { until } from '../until.ts'
import { CALLS } from './document.ts'
import { RawCall } from './raw-call.ts'

/** What no call gets past: bytes that are no request, parameters that nobody takes, bodies of another kind. */
export function provokeMalformed(): Promise<void> {
  return withPublisher({}, async (harness) => {
    for (const { method, path, operation } of CALLS) {
      await spoil(harness, method, path, 'no header of any kind\r\n\r\n', 400)
      await spoil(harness, method, path, `x: ${'y'.repeat(40_000)}\r\n\r\n`, 431)
      assert.equal((await harness.call(method, `${path}?full=1`)).status, 422)
      if (!operation.requestBody) continue
      const tooLarge = JSON.stringify('x'.repeat(limits.MAX_BODY_BYTES))
      const other = { body: 'x', headers: { 'content-type': 'text/plain' } }
      assert.equal((await harness.call(method, path, { body: '[' })).status, 400)
      assert.equal((await harness.call(method, path, { body: tooLarge })).status, 413)
      assert.equal((await harness.call(method, path, other)).status, 415)
    }
    const lines = { body: '{}', headers: { 'content-type': 'application/x-ndjson' } }
    assert.equal((await harness.call('POST', '/v1/revocations?dryRun=true', lines)).body.code, 'not_supported')
    assert.equal((await harness.call('GET', '/nowhere')).status, 404)
    assert.equal((await harness.call('GET', '/v1/lifts')).status, 405)
  })
}

async function spoil(harness: Harness, method: string, path: string, bytes: string, status: number): Promise<void> {
  const call = await RawCall.open(harness.publisher.url, method, path)
  call.begin()
  call.write(bytes)
  assert.equal(await call.answer(), status)
}

/** Requests that begin and never end. */
export function provokeTimeouts(): Promise<void> {
  const http = { headersTimeoutMs: 50, requestTimeoutMs: 50, checkEveryMs: 10 }
  return withPublisher({ config: { http } }, async ({ publisher }) => {
    const begin = async ({ method, path }: { method: string; path: string }) => {
      const call = await RawCall.open(publisher.url, method, path)
      call.begin()
      return call.answer()
    }
    for (const status of await Promise.all(CALLS.map(begin))) assert.equal(status, 408)
  })
}

/** Requests that began before the stop, and are whole only after it began. */
export function provokeShutdown(): Promise<void> {
  return withPublisher({}, async ({ publisher }) => {
    const begun = await Promise.all(CALLS.map(({ method, path }) => RawCall.open(publisher.url, method, path)))
    for (const call of begun) await call.beginAndBeRead()
    const closed = publisher.close()
    await until('nobody new is served', () =>
      fetch(`${publisher.url}/livez`).then(
        () => false,
        () => true,
      ),
    )
    for (const call of begun) call.write('\r\n')
    for (const call of begun) assert.equal(await call.answer(), 503)
    await closed
  })
}

/** One stream more than may be open at once. */
export function provokeTooManyStreams(): Promise<void> {
  return withPublisher({}, async (harness) => {
    const open: EventsReader[] = []
    try {
      for (let streams = 0; streams < MAX_STREAMS; streams++) open.push(await openEvents(harness))
      for (const path of ['/v1/events', '/v1/audit']) {
        assert.equal((await harness.call('GET', path)).body.code, 'too_many_streams')
      }
    } finally {
      for (const events of open) await events.close()
    }
  })
}
