import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { natsPublisherLog } from '@rescind/log'
import { eventually } from '../end-to-end/harness.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { type NatsServer, startNatsServer } from '../launcher/nats-server.ts'
import { NatsSocket } from './nats-socket.ts'
import { type Question, questionsBesideTheStream } from './questions.ts'

/** What looks safe and is not: users with narrow permissions in the account that holds the stream. */
const CONFIGURATION = `
jetstream: enabled
accounts {
  LOG: {
    jetstream: enabled
    users: [
      { user: operator, password: secret }
      { user: publisher, password: secret, permissions: {
        publish: [
          "rescind.log", "rescind.barrier", "rescind.clock", "$JS.API.STREAM.INFO.RESCIND", "$JS.API.DIRECT.GET.RESCIND"
          "$JS.API.STREAM.CREATE.RESCIND", "$JS.API.STREAM.UPDATE.RESCIND"
          "$JS.API.STREAM.CREATE.RESCIND_CLOCK", "$JS.API.STREAM.MSG.GET.RESCIND_CLOCK"
        ]
        subscribe: [ "rescind.live", "rescind.barrier", "rescind.presence.*", "_INBOX_publisher.>" ] } }
      { user: api, password: secret, permissions: {
        publish: [ "$JS.API.STREAM.INFO.RESCIND", "$JS.API.DIRECT.GET.RESCIND", "rescind.presence.api" ]
        subscribe: [ "rescind.live", "rescind.barrier", "_INBOX_api.>" ] } }
    ]
  }
}
`

let server: NatsServer
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-one-account-'))
  const configFile = join(folder, 'one-account.conf')
  await writeFile(configFile, CONFIGURATION)
  const binary = await findNatsServer({ env: process.env })
  server = await startNatsServer({ binary, storeDir: join(folder, 'data'), jetstream: true, configFile })
})
after(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

const as = (user: string) => NatsSocket.connect(server.port, { fields: { user, pass: 'secret' } })

/** Makes the log anew, with one frame in it. */
async function fillLog(): Promise<void> {
  const log = natsPublisherLog({ servers: server.url, user: 'operator', password: 'secret' })
  const connection = await log.connect({ name: 'operator', onEvent() {} })
  try {
    await eventually(
      () => 'the log is made anew',
      () => connection.establish().then(() => true, isStillDeleted),
    )
    await connection.append(Buffer.from('frame'), { messageId: crypto.randomUUID() })
  } finally {
    await connection.close()
  }
}

/** A server goes on removing the files of a stream after it has said that it is deleted. */
function isStillDeleted(error: Error): false {
  if (!error.message.includes('error creating store for stream')) throw error
  return false
}

/** The sequence of the last frame; undefined if there is no stream. */
async function lastSeq(): Promise<number | undefined> {
  const operator = await as('operator')
  const { text } = await operator.request('_INBOX.operator', '$JS.API.STREAM.INFO.RESCIND')
  operator.close()
  return (JSON.parse(text) as { state?: { last_seq: number } }).state?.last_seq
}

/** Resolves once the last frame has this sequence, or there is no stream. */
async function untilLastSeq(expected: number | undefined): Promise<void> {
  await eventually(
    () => `the last frame is ${expected}`,
    async () => (await lastSeq()) === expected,
  )
}

/** Sends one question with a reply subject that its user may not publish on. */
async function askWithReply(user: string, question: Question | undefined, reply: string): Promise<void> {
  assert.ok(question)
  const socket = await as(user)
  socket.publish(reply, 'directly')
  await socket.flush()
  assert.deepEqual(socket.refusals.splice(0), [`Permissions Violation for Publish to "${reply}"`], 'it may not')
  socket.publish(question.subject, question.payload, reply)
  await socket.flush()
  assert.deepEqual(socket.refusals, [])
  socket.close()
}

/** The same attacks as those that accounts withstand: that these succeed shows that the others could have failed. */
describe('in the account that holds the stream, permissions do not help (control)', () => {
  const [info, , missing] = questionsBesideTheStream('api')

  it('a replica writes the log through the reply subject of a question', async () => {
    await fillLog()
    for (const question of [info, missing]) {
      const before = (await lastSeq()) ?? Number.NaN
      await askWithReply('api', question, 'rescind.log')
      await untilLastSeq(before + 1)
    }
  })

  it('a replica deletes the stream through the reply subject of a question', async () => {
    await fillLog()
    await askWithReply('api', missing, '$JS.API.STREAM.DELETE.RESCIND')
    await untilLastSeq(undefined)
  })

  it('a publisher that may not delete the stream deletes it in the same way', async () => {
    await fillLog()
    await askWithReply('publisher', missing, '$JS.API.STREAM.DELETE.RESCIND')
    await untilLastSeq(undefined)
  })

  it('a publisher deletes it through a stream of its own, which republishes there what it is sent', async () => {
    const republish = { src: 'rescind.clock', dest: '$JS.API.STREAM.DELETE.RESCIND' }
    const config = { name: 'RESCIND_CLOCK', subjects: ['rescind.clock'], storage: 'memory', republish }
    const operator = await as('operator')
    await operator.request('_INBOX.operator', '$JS.API.STREAM.DELETE.RESCIND_CLOCK')
    const publisher = await as('publisher')
    const call = '$JS.API.STREAM.CREATE.RESCIND_CLOCK'
    const made = await publisher.request('_INBOX_publisher', call, JSON.stringify(config))
    assert.match(made.text, /"did_create":true/)
    await fillLog()
    await publisher.request('_INBOX_publisher', 'rescind.clock')
    await untilLastSeq(undefined)
    for (const client of [operator, publisher]) client.close()
  })
})
