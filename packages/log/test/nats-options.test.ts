import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { natsLog, natsPublisherLog } from '@rescind/log'
import { natsSettings } from '../src/nats-options.ts'

const servers = 'nats://127.0.0.1:4222'

describe('options of the log on NATS', () => {
  it('fill in what is not given', () => {
    const settings = natsSettings({ servers, stream: 'S', subjects: { info: 'my.info' } })
    assert.deepEqual(settings.subjects, {
      log: 'rescind.log',
      live: 'rescind.live',
      presence: 'rescind.presence',
      barrier: 'rescind.barrier',
      info: 'my.info',
      frame: '$JS.API.DIRECT.GET.S',
      clock: 'rescind.clock',
      create: '$JS.API.STREAM.CREATE.S',
      update: '$JS.API.STREAM.UPDATE.S',
    })
    assert.equal(settings.inboxPrefix, undefined)
    assert.equal(settings.requestTimeoutMs, 2_000)
    assert.equal(settings.maxBytes, 1024 ** 3)
    assert.equal(settings.replicas, 1)
  })

  it('take several servers as a list or with commas', () => {
    assert.deepEqual(natsSettings({ servers: ['a:1', 'b:2'] }).servers, ['a:1', 'b:2'])
    assert.deepEqual(natsSettings({ servers: 'nats://a:1, nats://b:2' }).servers, ['nats://a:1', 'nats://b:2'])
  })

  it('take a login from the URL, where the client would drop it', () => {
    const settings = natsSettings({ servers: 'nats://ann:p%40ss@broker:4222' })
    assert.deepEqual(settings.servers, ['nats://broker:4222'])
    assert.deepEqual(settings.access, { user: 'ann', password: 'p@ss' })
    assert.deepEqual(natsSettings({ servers: 'nats://s3cret@broker:4222' }).access, { token: 's3cret' })
  })

  it('are refused all at once, before anything is connected', () => {
    const wrong = {
      servers: [],
      stream: 'a.b',
      subjects: { live: 'a.*' },
      inboxPrefix: '_INBOX.>',
      requestTimeoutMs: 1,
      replicas: 2 as 3,
      maxBytes: 5,
      token: 't',
      creds: 'c',
    }
    const pointers = (error: unknown) => (error as { mistakes: { pointer: string }[] }).mistakes.map((m) => m.pointer)
    assert.throws(
      () => natsPublisherLog(wrong),
      (error: unknown) => {
        const numbers = ['/requestTimeoutMs', '/replicas', '/maxBytes']
        assert.deepEqual(pointers(error), ['/servers', '/stream', '/subjects', '/inboxPrefix', ...numbers, '/creds'])
        assert.match(String(error), /ERR_INVALID_OPTION.*servers names at least one server.*maxBytes is 1048576 to/)
        return true
      },
    )
    assert.throws(() => natsLog({ servers: '' }), /ERR_INVALID_OPTION/)
    assert.throws(() => natsLog({ servers, subjects: { log: 'a b' } }), /subjects/)
    assert.throws(() => natsLog({ servers: 'nats://user:pw@host', token: 't' }), /only one of/)
  })
})
