import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { natsLog } from '@rescind/log'
import { EventRecorder } from './event-recorder.ts'
import { startTestBroker, type TestBroker } from './nats-harness.ts'

let broker: TestBroker
before(async () => {
  broker = await startTestBroker()
})
after(() => broker?.end())

/** A program that connects, closes when it is told to, and must then end by itself. */
const PROGRAM = `
  import { natsLog } from '@rescind/log'
  const log = natsLog({ servers: process.env.SERVERS })
  const connection = await log.connect({ name: 'child', onEvent: (event) => console.log(event.kind) })
  console.log('connected')
  process.stdin.once('data', async () => {
    process.stdin.destroy()
    await connection.close()
    console.log('closed')
  })
`

describe('a broker that is frozen', () => {
  it('is noticed by its silence, and found again', async () => {
    const told = new EventRecorder()
    const connection = await natsLog({ servers: broker.server.url }).connect({ name: 'r', onEvent: told.onEvent })
    await broker.server.pause()
    await told.until('disconnected', ({ others }) => others.length === 1)
    await assert.rejects(connection.head(), /ERR_LOG_UNAVAILABLE.*connection to the broker is lost/)
    broker.server.resume()
    await told.until('reconnected', ({ others }) => others.length === 2)
    assert.deepEqual(told.others, ['disconnected', 'reconnected'])
    await assert.rejects(connection.head(), /ERR_LOG_NOT_FOUND/)
    await connection.close()
  })

  it('does not keep a process alive that has closed its connection', async () => {
    const flags = ['--conditions=@rescind/source', '--import', 'tsx', '--input-type=module', '--eval', PROGRAM]
    const child = spawn(process.execPath, flags, {
      cwd: import.meta.dirname,
      env: { ...process.env, SERVERS: broker.server.url },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const said: string[] = []
      const ended = once(child, 'close')
      for await (const chunk of child.stdout.setEncoding('utf8')) {
        said.push(...String(chunk).trim().split('\n'))
        if (said.at(-1) === 'connected') await broker.server.pause()
        if (said.at(-1) === 'disconnected') child.stdin.end('close\n')
      }
      const [exitCode] = (await ended) as [number | null]
      assert.deepEqual(said, ['connected', 'disconnected', 'closed'])
      assert.equal(exitCode, 0)
    } finally {
      child.kill('SIGKILL')
      broker.server.resume()
    }
  })
})
