import { createConnection } from 'node:net'

/**
 * One request in NATS's own protocol, by hand, and the JSON of its answer: what an operator does to a broker behind our
 * back. (https://docs.nats.io/reference/reference-protocols/nats-protocol)
 */
export async function natsRequest(port: number, subject: string, payload = ''): Promise<Record<string, unknown>> {
  const socket = createConnection(port, '127.0.0.1').setEncoding('utf8').setTimeout(10_000)
  socket.once('timeout', () => socket.destroy(new Error(`no answer on ${subject}`)))
  const inbox = '_INBOX.by-hand'
  socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n')
  socket.write(`SUB ${inbox} 1\r\nPUB ${subject} ${inbox} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`)
  try {
    let received = ''
    for await (const chunk of socket) {
      received += chunk
      const answer = /\r\nMSG \S+ 1 +(\d+)\r\n([\s\S]*)/.exec(received)
      if (answer?.[2] && Buffer.byteLength(answer[2]) >= Number(answer[1])) {
        return JSON.parse(Buffer.from(answer[2]).subarray(0, Number(answer[1])).toString())
      }
    }
    throw new Error(`the broker closed the connection before it answered on ${subject}: ${received}`)
  } finally {
    socket.destroy()
  }
}
