import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../scale/load/random.ts'
import { type Asked, accepted, type Ledger, readAnswer } from '../oracle/ledger.ts'
import { HttpCaller } from './http-caller.ts'

/** Where a client may send something. */
export interface Target {
  readonly name: string
  readonly url: string
}

/** Options of {@link Client}. */
export interface ClientOptions {
  readonly number: number
  readonly random: Random
  readonly ledger: Ledger
  readonly key: string
  /** One of them is chosen for each request; repeats may go to another one. */
  readonly targets: () => readonly Target[]
  /** Longest pause between an answer and the next request. */
  readonly restMs: number
}

/** What is told of a request to who wants to know. */
type Plan = Omit<Asked, 'tries'> & { readonly path: string; readonly body: unknown }

const PAUSE_MS = 10
/** A publisher that is killed is back within seconds; a request that is repeated for so long has been given up. */
const GIVE_UP_AFTER_MS = 60_000
const LARGEST_ARRAY = 20
const KEYED = 0.4

/**
 * Sends one request after the other, from its seed: revocations, alone and by the array, lifts of its own, and now and then
 * something that must be refused. With a key it repeats what had no answer until it has one; without, it goes on.
 */
export class Client {
  readonly #options: ClientOptions
  readonly #callers = new Map<string, HttpCaller>()
  readonly #done: Promise<void>
  readonly #revoked: Asked[] = []
  #stopping = false
  #count = 0
  #underWay = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.#done = this.#run()
  }

  /** Requests that have no answer yet. */
  get underWay(): number {
    return this.#underWay
  }

  /** Sends nothing new; resolves when what is under way is over. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#done
    for (const caller of this.#callers.values()) caller.close()
  }

  async #run(): Promise<void> {
    const { random, restMs, ledger } = this.#options
    while (!this.#stopping) {
      const { path, body, ...plan } = this.#plan()
      const asked: Asked = { ...plan, tries: [] }
      ledger.push(asked)
      await this.#ask(asked, path, body)
      if (asked.kind === 'revocation' && accepted(asked)) this.#revoked.push(asked)
      await pause(random.integer(0, restMs))
    }
  }

  async #ask(asked: Asked, path: string, body: unknown): Promise<void> {
    const startedMs = performance.now()
    const headers: Record<string, string> = asked.key === undefined ? {} : { 'idempotency-key': asked.key }
    const { targets, random } = this.#options
    let target: Target = random.pick(targets()) as Target
    for (;;) {
      // What may have been taken goes to the same publisher again: until it is in the log no other one can know of it.
      if (asked.tries.length === 0) target = random.pick(targets()) as Target
      const sentMs = performance.now()
      this.#underWay += 1
      const { status, body: text } = await this.#callerOf(target).post(path, body, headers)
      this.#underWay -= 1
      if (status >= 0) {
        const times = { sentMs, receivedMs: performance.now() }
        asked.tries.push({ to: target.name, ...times, status, ...readAnswer(status, text) })
        // A repeat of what had no answer has to know; what is wrong is so the second time, too.
        const isOpen =
          status === 0 || ((status === 409 || status >= 500) && asked.tries.some((one) => one.status === 0))
        if (!isOpen || asked.key === undefined) return
      }
      if (performance.now() - startedMs > GIVE_UP_AFTER_MS || (this.#stopping && asked.tries.length === 0)) return
      await pause(PAUSE_MS)
    }
  }

  #callerOf({ name, url }: Target): HttpCaller {
    const caller = this.#callers.get(name) ?? new HttpCaller(url, this.#options.key)
    this.#callers.set(name, caller)
    return caller
  }

  #plan(): Plan {
    const { random, number: client } = this.#options
    this.#count += 1
    const name = `r-${client}-${this.#count}`
    const key = random.chance(KEYED) ? { key: `key-${name}` } : {}
    const common = { name, client, wrong: false, ...key }
    const lifted = random.chance(0.1) ? this.#takeRevoked() : undefined
    if (lifted) {
      const { match, mode } = lifted
      return { ...common, kind: 'lift', facts: [lifted], path: '/v1/lifts', body: { match, mode, note: `${name}/0` } }
    }
    const size = random.chance(0.15) ? random.integer(2, LARGEST_ARRAY) : 1
    const bodies = Array.from({ length: size }, (_, index) => revocationBody(`${name}/${index}`, random))
    const facts = bodies.map(({ match, mode }) => ({ match, mode }))
    const wrong = random.chance(0.03)
    const path = '/v1/revocations'
    // One that is wrong, after others that are right: all or none.
    if (wrong)
      return { ...common, wrong, kind: 'revocation', facts, path, body: [...bodies, { ...bodies[0], mode: 'no' }] }
    return { ...common, kind: 'revocation', facts, path, body: size === 1 ? bodies[0] : bodies }
  }

  /** A fact of its own that nobody has lifted. */
  #takeRevoked(): Asked['facts'][number] | undefined {
    const at = this.#options.random.integer(0, Math.max(0, this.#revoked.length - 1))
    const [taken] = this.#revoked.splice(at, 1)
    return taken?.facts[0]
  }
}

/** Every match is its own: what becomes of it is the doing of this request alone, and of its lift. */
function revocationBody(
  note: string,
  random: Random,
): { match: Record<string, string>; mode: 'block' | 'cutoff'; note: string } {
  const claim = random.pick(['jti', 'sid', 'sub', 'sub']) as string
  const mode = claim === 'sub' && random.chance(0.5) ? 'cutoff' : 'block'
  return { match: { [claim]: note }, mode, note }
}

/** Several clients. */
export class Load {
  readonly ledger: Ledger = []
  readonly #clients: readonly Client[]

  /** @param clients how many */
  constructor(clients: number, options: Omit<ClientOptions, 'number' | 'ledger'>) {
    this.#clients = Array.from({ length: clients }, (_, index) => {
      return new Client({ ...options, number: index + 1, ledger: this.ledger, random: options.random.fork() })
    })
  }

  /** Requests that have no answer yet. */
  get underWay(): number {
    return this.#clients.reduce((sum, client) => sum + client.underWay, 0)
  }

  /** Sends nothing new; resolves when what is under way is over. */
  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()))
  }
}
