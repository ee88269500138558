import type { LogEvent } from '@rescind/log'

/** Keeps what a connection tells, and waits for what is to come. */
export class EventRecorder {
  readonly all: LogEvent[] = []
  readonly #waiting = new Set<() => void>()

  /** For `ConnectOptions`. */
  readonly onEvent = (event: LogEvent): void => {
    this.all.push(event)
    for (const look of [...this.#waiting]) look()
  }

  /** The live messages so far. */
  get live(): { seq: number; bytes: Uint8Array }[] {
    return this.all.filter((event) => event.kind === 'live')
  }

  /** The kinds of everything but live messages, in order. */
  get others(): string[] {
    return this.all.filter((event) => event.kind !== 'live').map((event) => event.kind)
  }

  /** Resolves once the condition holds; rejects with what was told instead. */
  until(what: string, holds: (recorder: EventRecorder) => boolean, timeoutMs = 15_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (how: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        how()
      }
      const look = () => holds(this) && end(resolve)
      const told = () => JSON.stringify(this.all.map((event) => event.kind))
      const timer = setTimeout(() => end(() => reject(new Error(`${what} did not come; told: ${told()}`))), timeoutMs)
      this.#waiting.add(look)
      look()
    })
  }
}
