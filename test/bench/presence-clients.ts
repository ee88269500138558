/**
 * A process of `pnpm bench:fan-in`: `PORT FIRST COUNT` connections to NATS that say what replicas say and hear what they hear:
 * presence every 2 s, live frames, and an answer to each barrier. Until its standard input ends.
 */
import { connect, type Socket } from 'node:net'
import { type Barrier, decodeBarrier, encodePresence, type Presence } from '@rescind/log'
import { limits } from '@rescind/protocol'

const [port = '', first = '0', count = '0'] = process.argv.slice(2)

class PresenceClient {
  readonly #socket: Socket
  readonly #name: string
  #rest: Buffer = Buffer.alloc(0)
  #cursor: Presence['cursor']

  constructor(index: number) {
    this.#name = `api-${index}`
    this.#socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true })
    this.#socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":false}\r\n')
    this.#socket.write('SUB rescind.live 1\r\nSUB rescind.barrier 2\r\n')
    this.#socket.on('data', (bytes) => this.#read(bytes))
    // As spread as replicas are that started at different times.
    setTimeout(() => {
      this.#announce()
      setInterval(() => this.#announce(), limits.PRESENCE_EVERY_MS)
    }, Math.random() * limits.PRESENCE_EVERY_MS)
  }

  #read(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    for (;;) {
      const end = this.#rest.indexOf('\r\n')
      if (end === -1) return
      const line = this.#rest.toString('latin1', 0, end)
      const hasBody = line.startsWith('MSG ') || line.startsWith('HMSG ')
      const length = hasBody ? Number(line.split(' ').at(-1)) + 2 : 0
      if (this.#rest.length < end + 2 + length) return
      if (line.startsWith('MSG rescind.barrier ')) {
        const barrier = decodeBarrier(this.#rest.subarray(end + 2, end + length))
        if (barrier) this.#announce(barrier)
      } else if (line === 'PING') this.#socket.write('PONG\r\n')
      this.#rest = this.#rest.subarray(end + 2 + length)
    }
  }

  #announce(barrier?: Barrier): void {
    this.#cursor = barrier?.cursor ?? this.#cursor
    const presence: Presence = {
      replica: this.#name.padStart(16, '0'),
      name: this.#name,
      version: '0.1.0',
      frameVersions: [1],
      state: 'live',
      ...(this.#cursor && { cursor: this.#cursor }),
      lagMs: 100,
      entries: 100_000,
      rssBytes: 100_000_000,
      whenUnknown: 'reject',
      staleAfterMs: limits.DEFAULT_STALE_AFTER_MS,
      digest: { asOfMs: 1_767_225_600_000, value: '0123456789abcdef' },
      ...(barrier && { barrier: barrier.barrier }),
    }
    const bytes = encodePresence(presence)
    this.#socket.write(`PUB rescind.presence.${this.#name} ${bytes.length}\r\n${Buffer.from(bytes).toString()}\r\n`)
  }
}

for (let index = 0; index < Number(count); index += 1) new PresenceClient(Number(first) + index)
console.log('ready')
process.stdin.resume().once('end', () => process.exit())
