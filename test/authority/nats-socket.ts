import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { nkeyFromSeed } from './nkeys.ts'

/** Something that the server delivered. */
export interface Delivered {
  readonly subject: string
  readonly reply?: string
  readonly text: string
}

/** How a {@link NatsSocket} says who it is: by the seed of an nkey, by fields of CONNECT, or not at all. */
export interface Login {
  readonly seed?: string
  readonly fields?: object
}

/** Nothing takes so long that works. */
const PATIENCE_MS = 20_000

/**
 * The client protocol by hand, as an attacker speaks it: nothing is checked here, any reply subject may be named, and
 * only the server can refuse. (https://docs.nats.io/reference/reference-protocols/nats-protocol)
 */
export class NatsSocket {
  /** What was delivered, in order. */
  readonly delivered: Delivered[] = []
  /** What the server refused, as it says it: `Permissions Violation for Publish to "…"`. */
  readonly refusals: string[] = []
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #subscriptions = 0
  #pongs: (() => void)[] = []
  #ended: Error | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Connects and logs in; rejects with the server's words if it is refused. */
  static async connect(port: number, { seed, fields = {} }: Login = {}): Promise<NatsSocket> {
    const socket = createConnection(port, '127.0.0.1').setNoDelay()
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    const { nonce } = JSON.parse(/^INFO (\{.*\})/.exec(greeting.toString())?.[1] ?? '{}') as { nonce?: string }
    const client = new NatsSocket(socket)
    socket.on('data', (chunk: Buffer) => client.#take(chunk))
    socket.on('error', () => {})
    socket.on('close', () => client.#end())
    const key = seed === undefined ? undefined : nkeyFromSeed(seed)
    const signed = key && { nkey: key.publicKey, sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url') }
    const options = { verbose: false, pedantic: false, headers: true, no_responders: true, lang: 'test', version: '1' }
    client.#write(`CONNECT ${JSON.stringify({ ...options, ...fields, ...signed })}`)
    await client.flush()
    return client
  }

  /** Listens; whether the server allows it shows in `refusals` after a `flush`. */
  subscribe(subject: string): void {
    this.#subscriptions += 1
    this.#write(`SUB ${subject} ${this.#subscriptions}`)
  }

  /** Publishes, with any reply subject; whether the server allows it shows in `refusals` after a `flush`. */
  publish(subject: string, payload: string | Uint8Array = '', reply = ''): void {
    const bytes = Buffer.from(payload)
    this.#write(`PUB ${subject} ${reply === '' ? '' : `${reply} `}${bytes.length}`)
    this.#write(bytes)
  }

  /** A round trip: the server has read, and refused, everything sent so far. Rejects if it has cut the connection. */
  async flush(): Promise<void> {
    if (this.#ended) throw this.#ended
    const answered = new Promise<void>((resolve) => this.#pongs.push(resolve))
    this.#write('PING')
    let late: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_resolve, reject) => {
      late = setTimeout(() => reject(new Error('the server does not answer')), PATIENCE_MS)
    })
    await Promise.race([answered, tooLate]).finally(() => clearTimeout(late))
    if (this.#ended) throw this.#ended
  }

  /** The first delivery that fits, also one that came before; rejects when none comes. */
  async next(fits: (delivered: Delivered) => boolean): Promise<Delivered> {
    const deadlineMs = performance.now() + PATIENCE_MS
    for (;;) {
      const found = this.delivered.find(fits)
      if (found) return found
      if (performance.now() > deadlineMs) throw new Error('what was waited for was not delivered')
      await this.flush()
    }
  }

  /** Asks, and waits for the answer on an inbox below `prefix`, which the user must be allowed to hear. */
  async request(prefix: string, subject: string, payload = ''): Promise<Delivered> {
    const inbox = `${prefix}.${Math.random().toString(36).slice(2)}`
    this.subscribe(inbox)
    this.publish(subject, payload, inbox)
    return this.next((delivered) => delivered.subject === inbox)
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.destroy()
  }

  #write(line: string | Uint8Array): void {
    this.#socket.cork()
    this.#socket.write(line)
    this.#socket.write('\r\n')
    this.#socket.uncork()
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    for (;;) {
      const end = this.#received.indexOf('\r\n')
      if (end < 0) return
      const line = this.#received.toString('latin1', 0, end)
      const sizes = /^H?MSG .* (\d+)$/.exec(line)
      const total = sizes ? Number(sizes[1]) : 0
      if (sizes && this.#received.length < end + 2 + total + 2) return
      const body = this.#received.subarray(end + 2, end + 2 + total)
      this.#received = this.#received.subarray(end + 2 + (sizes ? total + 2 : 0))
      if (sizes) this.#deliver(line, body)
      else this.#hear(line)
    }
  }

  #deliver(line: string, body: Buffer): void {
    const [verb, subject = '', , ...rest] = line.split(/ +/)
    const hasReply = rest.length === (verb === 'HMSG' ? 3 : 2)
    const [reply] = rest
    this.delivered.push({ subject, ...(hasReply && reply ? { reply } : {}), text: body.toString('utf8') })
  }

  #hear(line: string): void {
    if (line === 'PING') this.#write('PONG')
    else if (line === 'PONG') this.#pongs.shift()?.()
    else if (line.startsWith('-ERR ')) this.refusals.push(line.slice("-ERR '".length, -1))
  }

  #end(): void {
    this.#ended = new Error(`the server ended the connection: ${this.refusals.at(-1) ?? 'without a word'}`)
    for (const resolve of this.#pongs.splice(0)) resolve()
  }
}
