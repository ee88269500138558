import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { NatsMessages } from './nats-messages.ts'
import { Relay } from './relay.ts'

const PIECES: readonly [string, string | undefined][] = [
  ['INFO {"server_id":"x y"}\r\n', undefined],
  ['MSG rescind.live 1 5\r\nab\r\nc\r\n', 'rescind.live'],
  ['+OK\r\n', undefined],
  ['MSG _INBOX_api.1 2 reply.to 0\r\n\r\n', '_INBOX_api.1'],
  ['HMSG rescind.live 1 12 15\r\nNATS/1.0\r\n\r\nMSG\r\n', 'rescind.live'],
  ['PING\r\n', undefined],
]
const STREAM = Buffer.from(PIECES.map(([text]) => text).join(''))

test('the stream of a NATS server is cut into its messages, wherever the network cut it', () => {
  for (let at = 0; at <= STREAM.length; at++) {
    const messages = new NatsMessages()
    const pieces = [...messages.cut(STREAM.subarray(0, at)), ...messages.cut(STREAM.subarray(at))]
    assert.deepEqual(
      pieces.map(({ bytes, subject }) => [bytes.toString(), subject]),
      PIECES.map(([text, subject]) => [text, subject]),
    )
  }
  const one = new NatsMessages()
  const all = [...STREAM].flatMap((byte) => one.cut(Buffer.from([byte])))
  assert.equal(Buffer.concat(all.map(({ bytes }) => bytes)).compare(STREAM), 0)
})

test('what is no protocol of NATS is refused before it fills the memory', () => {
  assert.throws(() => new NatsMessages().cut(Buffer.alloc(65 * 1024, 'x')), /not the protocol/)
})

/** A relay between a client and a server that the test plays. */
async function betweenBoth(play: (parts: { relay: Relay; client: Socket; server: Socket }) => Promise<void>) {
  const listener = createServer()
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(listener, 'connection')
  const to = { host: '127.0.0.1', port: (listener.address() as AddressInfo).port }
  const relay = await Relay.start({ host: '127.0.0.1', port: 0, to })
  const client = connect(relay.port, '127.0.0.1').setEncoding('utf8')
  try {
    const [server] = (await accepted) as [Socket]
    await play({ relay, client, server: server.setEncoding('utf8') })
    server.destroy()
  } finally {
    client.destroy()
    await relay.close()
    listener.close()
  }
}

/** Reads until `end` has come; returns all of it. */
async function readTo(socket: Socket, end: string): Promise<string> {
  let text = ''
  while (!text.endsWith(end)) text += String((await once(socket, 'data'))[0])
  return text
}

test('live messages are lost on command, answers and everything else pass', () =>
  betweenBoth(async ({ relay, client, server }) => {
    client.write('SUB rescind.live 1\r\n')
    assert.equal(await readTo(server, '\r\n'), 'SUB rescind.live 1\r\n')
    relay.mode = 'lose_live'
    server.write(STREAM)
    const kept = PIECES.filter(([, subject]) => subject !== 'rescind.live').map(([text]) => text)
    assert.equal(await readTo(client, 'PING\r\n'), kept.join(''))
    assert.equal(relay.lost, 2)
    relay.mode = 'pass'
    server.write(STREAM)
    assert.equal(await readTo(client, 'PING\r\n'), STREAM.toString())
    assert.equal(relay.lost, 2)
  }))

test('a frozen link passes nothing and closes nothing, and goes on where it stopped', () =>
  betweenBoth(async ({ relay, client, server }) => {
    server.write('+OK\r\n')
    await readTo(client, '\r\n')
    relay.mode = 'freeze'
    let came = ''
    client.on('data', (chunk) => {
      came += chunk
    })
    server.write('PING\r\n')
    // A second link of the same relay is open for business, and frozen, too.
    const other = connect(relay.port, '127.0.0.1')
    await once(other, 'connect')
    other.destroy()
    assert.equal(came, '')
    assert.equal(client.destroyed, false)
    const thawed = readTo(client, 'PING\r\n')
    relay.mode = 'pass'
    await thawed
    assert.equal(came, 'PING\r\n')
  }))
