import { setTimeout as pause } from 'node:timers/promises'
import type { Match } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import type { Random } from '../../scale/load/random.ts'
import type { Violation } from './judge.ts'
import type { Ledger } from './ledger.ts'
import { certainlyRevoked, tokenWith } from './verdicts.ts'

const LOOK_EVERY_MS = 5
const COLLECT_EVERY_MS = 200
const TOKENS_PER_LOOK = 20

interface Watched {
  readonly name: string
  readonly replica: Replica
  /** What it has refused once, or had to know when it came. */
  readonly known: Set<string>
}

/**
 * Asks replicas all the time about what is revoked. What one has refused once it must refuse for ever (R11); and one that
 * came later must refuse, as soon as it says live, everything that was accepted before it came (R20).
 */
export class Witness {
  readonly violations: Violation[] = []
  /** Questions put to replicas that said live. */
  questions = 0
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #startedMs: number
  readonly #watched: Watched[] = []
  #revoked: ReadonlyMap<string, Match> = new Map()
  #isStopped = false
  readonly #done: Promise<void>

  constructor(parts: { readonly ledger: Ledger; readonly random: Random; readonly startedMs: number }) {
    this.#ledger = parts.ledger
    this.#random = parts.random
    this.#startedMs = parts.startedMs
    this.#done = this.#run()
  }

  /** `mustKnow`: notes that it has to refuse from the moment when it says live. */
  watch(name: string, replica: Replica, mustKnow: Iterable<string> = []): void {
    this.#watched.push({ name, replica, known: new Set(mustKnow) })
  }

  /** Ends the asking. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#done
  }

  async #run(): Promise<void> {
    let collectedMs = Number.NEGATIVE_INFINITY
    while (!this.#isStopped) {
      if (performance.now() - collectedMs > COLLECT_EVERY_MS) {
        this.#revoked = certainlyRevoked(this.#ledger)
        collectedMs = performance.now()
      }
      const all = [...this.#revoked]
      for (let count = 0; count < TOKENS_PER_LOOK && all.length > 0; count++) {
        const [note, match] = this.#random.pick(all) as [string, Match]
        for (const watched of this.#watched) this.#ask(watched, note, match)
      }
      await pause(LOOK_EVERY_MS)
    }
  }

  #ask({ name, replica, known }: Watched, note: string, match: Match): void {
    const isLive = replica.status.state === 'live'
    const token = { payload: tokenWith(match, this.#startedMs), protectedHeader: { alg: 'ES256', kid: 'k' } }
    const { kind } = replica.check(token)
    if (isLive) this.questions += 1
    if (kind === 'revoked') known.add(note)
    // Somebody may have begun to lift it since we last looked.
    else if (isLive && kind === 'active' && known.has(note) && certainlyRevoked(this.#ledger).has(note)) {
      this.violations.push({
        rule: 'accepted_revoked',
        detail: `${name} accepts ${note} at ${JSON.stringify(replica.status.cursor)}`,
      })
    }
  }
}
