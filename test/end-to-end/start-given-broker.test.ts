import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { natsPublisherLog } from '@rescind/log'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { type NatsServer, startNatsServer } from '../launcher/nats-server.ts'
import { natsRequest } from './nats-request.ts'
import { foldersOf, removeFoldersOf, runningOf, start } from './run-start.ts'

let folder: string
let broker: NatsServer

/** The broker of somebody whose own deployment uses it. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-'))
  broker = await startNatsServer({
    binary: await findNatsServer({ env: process.env }),
    storeDir: folder,
    jetstream: true,
  })
  const connection = await natsPublisherLog({ servers: broker.url }).connect({ name: 'theirs', onEvent() {} })
  await connection.establish()
  await connection.append(Buffer.from('theirs'), { messageId: 'theirs' })
  await connection.close()
})
after(async () => {
  await broker?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Every stream of the broker, with how many messages it was ever given. */
async function streams(): Promise<Record<string, number>> {
  const { streams } = await natsRequest(broker.port, '$JS.API.STREAM.LIST')
  const list = (streams ?? []) as { config: { name: string }; state: { last_seq: number } }[]
  return Object.fromEntries(list.map(({ config, state }) => [config.name, state.last_seq]))
}

const THEIRS = { RESCIND: 1, RESCIND_CLOCK: 0 }

test('start --once on a broker that was given uses a stream of its own, says so, and deletes it', async () => {
  const run = start(['--once'], { NATS_URL: broker.url.replace('//', '//somebody:hunter2@') })
  const { code, output } = await run.ended
  assert.equal(code, 0, output)
  assert.ok(output.includes(`Using the broker at ${broker.url}`), output)
  assert.doesNotMatch(output, /Starting a broker|hunter2|may be left/)
  assert.match(output, /a stream of its own, RESCIND_DEMO_[0-9a-f]{8}, and deletes it at the end/)
  assert.ok(output.includes(`nats-server ${broker.version} (at ${broker.url})`), output)
  assert.deepEqual(await streams(), THEIRS)
  assert.deepEqual(foldersOf(run.pid), [])
})

test('Ctrl-C deletes that stream too, also in the middle of the walk-through', async () => {
  for (const text of ['api-3 ', 'Ctrl-C stops everything.']) {
    const run = start([], { NATS_URL: broker.url })
    await run.says(text)
    const [name = ''] = /RESCIND_DEMO_[0-9a-f]{8}/.exec(run.output()) ?? []
    assert.ok(name in (await streams()), `${name} exists while it runs`)
    run.signal('SIGINT')
    const { code, output } = await run.ended
    assert.equal(code, 0, output)
    assert.deepEqual(await streams(), THEIRS)
  }
})

test('a failure deletes it too', async (t) => {
  const run = start([], { NATS_URL: broker.url })
  t.after(() => removeFoldersOf(run.pid))
  await run.says('Ctrl-C stops everything.')
  const [, pid] = /api-1 \(pid (\d+)\)/.exec(run.output()) ?? []
  process.kill(Number(pid), 'SIGKILL')
  const { code, output } = await run.ended
  assert.equal(code, 1, output)
  assert.deepEqual(runningOf(output), [])
  assert.deepEqual(await streams(), THEIRS)
})

test('a broker that does not answer is a failure that points to no output and leaves none', async () => {
  const mute = createServer((socket) => socket.end())
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const { port } = mute.address() as { port: number }
  const closes = await start(['--once'], { NATS_URL: `nats://127.0.0.1:${port}` }).ended
  await new Promise((resolve) => mute.close(resolve))
  assert.equal(closes.code, 1, closes.output)
  assert.match(closes.output, /does not answer: it closed the connection/)

  const run = start(['--once'], { NATS_URL: `nats://localhost:${port}` })
  const { code, output } = await run.ended
  assert.equal(code, 1, output)
  assert.match(output, new RegExp(`NATS_URL names localhost:${port}, which does not answer: .*ECONNREFUSED`))
  assert.doesNotMatch(output, /The output of the processes|may be left/)
  assert.deepEqual(foldersOf(run.pid), [])
})

test('when that broker goes away, the stream cannot be deleted, and the last line says what is left', async (t) => {
  const run = start([], { NATS_URL: broker.url })
  t.after(() => removeFoldersOf(run.pid))
  await run.says('Ctrl-C stops everything.')
  await broker.kill()
  run.signal('SIGTERM')
  const { code, output } = await run.ended
  assert.equal(code, 1, output)
  assert.match(output, /Not everything could be undone: .*no connection to/)
  assert.match(
    output,
    /Stream (RESCIND_DEMO_[0-9a-f]{8}) may be left on that broker: nats stream rm \1; nats stream rm \1_CLOCK\n$/,
  )
})
