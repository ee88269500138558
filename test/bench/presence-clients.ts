/**
 * A process of `pnpm bench:fan-in`: `PORT FIRST COUNT` connections to NATS that say what replicas say and hear what they hear:
 * presence every 2 s, live frames, and an answer to each barrier.
 */
import { type Barrier, decodeBarrier, encodePresence, type Presence } from '@rescind/log'
import { limits } from '@rescind/protocol'
import { BareNats } from './bare-nats.ts'
import { serve } from './worker.ts'

const [port = '', first = '0', count = '0'] = process.argv.slice(2)

class PresenceClient {
  readonly #nats: BareNats
  readonly #name: string
  #cursor: Presence['cursor']

  constructor(index: number) {
    this.#name = `api-${index}`
    this.#nats = new BareNats(Number(port), ['rescind.live', 'rescind.barrier'], (subject, body) => {
      const barrier = subject === 'rescind.barrier' ? decodeBarrier(body) : undefined
      if (barrier) this.#announce(barrier)
    })
    // As spread as replicas are that started at different times.
    setTimeout(() => {
      this.#announce()
      setInterval(() => this.#announce(), limits.PRESENCE_EVERY_MS)
    }, Math.random() * limits.PRESENCE_EVERY_MS)
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
    void this.#nats.publish(`rescind.presence.${this.#name}`, encodePresence(presence))
  }
}

for (let index = 0; index < Number(count); index += 1) new PresenceClient(Number(first) + index)
serve(() => undefined)
