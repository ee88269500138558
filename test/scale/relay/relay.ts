import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { NatsMessages } from './nats-messages.ts'

/**
 * What a relay does with what passes through it. `lose_live`: messages that nobody asked for are lost, answers and
 * everything else pass. `freeze`: nothing passes in either direction, and nothing is closed.
 */
export type RelayMode = 'pass' | 'lose_live' | 'freeze'

/** All modes. */
export const RELAY_MODES: readonly RelayMode[] = ['pass', 'lose_live', 'freeze']

/** What a relay says of itself on its control port. */
export interface RelaySaid {
  readonly port: number
  readonly mode: RelayMode
  /** Live messages that were lost so far. */
  readonly lost: number
}

/**
 * Stands between NATS clients and their server, and does to them what networks do: loses, or freezes. TCP itself loses
 * nothing in the middle of a connection, and a server that drops a slow client says so by closing; but a route import
 * that is dropped, an account that is edited or a cluster that splits loses live messages with no hint.
 */
export class Relay {
  readonly #to: { readonly host: string; readonly port: number }
  readonly #server: Server
  readonly #links = new Set<Link>()
  #mode: RelayMode = 'pass'
  #lost = 0

  private constructor(to: { readonly host: string; readonly port: number }) {
    this.#to = to
    this.#server = createServer((client) => this.#open(client))
  }

  /** Begins to listen. `port` 0 takes a free one. */
  static async start(options: {
    readonly host: string
    readonly port: number
    readonly to: { readonly host: string; readonly port: number }
  }): Promise<Relay> {
    const relay = new Relay(options.to)
    await once(relay.#server.listen(options.port, options.host), 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Live messages that were lost so far. */
  get lost(): number {
    return this.#lost
  }

  get mode(): RelayMode {
    return this.#mode
  }

  set mode(mode: RelayMode) {
    this.#mode = mode
    for (const link of this.#links) mode === 'freeze' ? link.freeze() : link.thaw()
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const link of this.#links) link.cut()
    await closed
  }

  #open(client: Socket): void {
    const server = connect(this.#to.port, this.#to.host)
    const messages = new NatsMessages()
    const link = new Link(client, server, () => this.#links.delete(link))
    this.#links.add(link)
    if (this.#mode === 'freeze') link.freeze()
    client.on('data', (chunk) => link.pass(chunk, server))
    server.on('data', (chunk: Buffer) => {
      try {
        for (const { bytes, subject } of messages.cut(chunk)) {
          // An answer comes to an inbox of the client's own; a live message to the subject that everybody listens to.
          const isLive = subject !== undefined && !subject.startsWith('_INBOX')
          if (this.#mode === 'lose_live' && isLive) this.#lost++
          else link.pass(bytes, client)
        }
      } catch {
        link.cut()
      }
    })
  }
}

/** One client and its connection to the server. */
class Link {
  readonly #ends: readonly [Socket, Socket]

  constructor(client: Socket, server: Socket, onGone: () => void) {
    this.#ends = [client, server]
    for (const end of this.#ends) {
      end.setNoDelay(true)
      end.on('error', () => this.cut())
      end.on('close', () => {
        this.cut()
        onGone()
      })
    }
  }

  /** What is written to a slow end waits in memory: bounded by what a test sends. */
  pass(bytes: Buffer, to: Socket): void {
    if (!to.destroyed) to.write(bytes)
  }

  freeze(): void {
    for (const end of this.#ends) end.pause()
  }

  thaw(): void {
    for (const end of this.#ends) end.resume()
  }

  cut(): void {
    for (const end of this.#ends) end.destroy()
  }
}
