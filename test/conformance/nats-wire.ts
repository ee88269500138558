import { createConnection } from 'node:net'

/** One raw request to a nats-server: an operator's hand, and a witness that shares no code with the log under test. */
export async function natsRequest(port: number, subject: string, payload: string): Promise<Record<string, unknown>> {
  const text = await exchange(port, [
    `SUB _witness 1`,
    `PUB ${subject} _witness ${Buffer.byteLength(payload)}`,
    payload,
  ])
  return JSON.parse(text) as Record<string, unknown>
}

/** One raw message to a subject, labelled with a sequence if one is given; resolves when the server has read it. */
export async function natsPublish(
  port: number,
  subject: string,
  payload: string | Uint8Array,
  seq?: number,
): Promise<void> {
  const bytes = Buffer.from(payload)
  const head = seq === undefined ? '' : `NATS/1.0\r\nNats-Sequence: ${seq}\r\n\r\n`
  const verb = head ? `HPUB ${subject} ${head.length} ${head.length + bytes.length}` : `PUB ${subject} ${bytes.length}`
  await exchange(port, ['SUB _witness 1', verb, Buffer.concat([Buffer.from(head), bytes]), 'PUB _witness 2', '{}'])
}

/** Sends lines of the client protocol and resolves with the first message that comes back. */
async function exchange(port: number, lines: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = createConnection(port, '127.0.0.1').setTimeout(10_000)
  socket.once('timeout', () => socket.destroy(new Error('the server does not answer the witness')))
  try {
    for (const line of ['CONNECT {"verbose":false,"headers":true,"lang":"test","version":"1"}', ...lines]) {
      socket.write(line)
      socket.write('\r\n')
    }
    let received = Buffer.alloc(0)
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer])
      const error = /^-ERR (.*)\r$/m.exec(received.toString('latin1'))?.[1]
      if (error) throw new Error(`the server refused the witness: ${error}`)
      const message = /MSG \S+ \S+ (?:\S+ )?(\d+)\r\n/.exec(received.toString('latin1'))
      if (!message) continue
      const start = message.index + message[0].length
      const size = Number(message[1])
      if (received.length >= start + size) return received.subarray(start, start + size).toString('utf8')
    }
    throw new Error('the server closed the connection of the witness')
  } finally {
    socket.destroy()
  }
}
