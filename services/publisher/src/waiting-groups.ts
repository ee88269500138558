import { encodeShape, type Fact, shapeOf } from '@rescind/protocol'
import { answerRecorded, foundGroup, type Group } from './group.ts'
import { WINDOW_GROUPS } from './limits.ts'
import type { Store } from './store/store.ts'

/**
 * The groups that are recorded and not in the log yet, in order. Those in front are in memory, with whoever waits for
 * them; what is behind this window is on disk only, until it moves up: so that an outage costs disk, and no memory.
 */
export class WaitingGroups {
  readonly #store: Pick<Store, 'found' | 'waiting'>
  readonly #window: Group[] = []
  /** The last order that was in the window, and the last on disk behind it. */
  #loadedTo = 0
  #spilledTo: number
  #lastOrder: number
  #facts: number
  #oldestRecordedAtMs: number | undefined
  /** One fact of each shape that may not be in force yet. */
  readonly #shapes = new Map<string, Fact>()

  constructor(store: Pick<Store, 'found' | 'waiting'>) {
    const { lastOrder, waitingFacts, oldestRecordedAtMs } = store.found
    this.#store = store
    this.#lastOrder = lastOrder
    this.#spilledTo = lastOrder
    this.#facts = waitingFacts
    this.#oldestRecordedAtMs = oldestRecordedAtMs
  }

  /** Facts that wait, and since when the oldest of them does, by the wall clock. */
  get backlog(): { readonly facts: number; readonly oldestRecordedAtMs: number | undefined } {
    return { facts: this.#facts, oldestRecordedAtMs: this.#oldestRecordedAtMs }
  }

  /** Those in memory, in order. */
  get window(): readonly Group[] {
    return this.#window
  }

  /** True if there is nothing to be sent. */
  get isEmpty(): boolean {
    return this.#window.length === 0 && this.#loadedTo >= this.#spilledTo
  }

  /** One fact of each shape that may not be in force yet. */
  get shapes(): Iterable<Fact> {
    return this.#shapes.values()
  }

  /** Takes up what the Store held at the start. */
  async open(): Promise<void> {
    for (let after = 0; ; ) {
      const waiting = await this.#store.waiting(after, WINDOW_GROUPS)
      if (waiting.length === 0) break
      for (const { facts } of waiting) this.noteShapes(facts)
      after = waiting.at(-1)?.order ?? after
    }
    await this.front()
  }

  /** Of the next group. */
  takeOrder(): number {
    this.#lastOrder += 1
    return this.#lastOrder
  }

  /** A group is on disk: it waits in the window, or, answered, behind it. */
  add(group: Group): void {
    this.#facts += group.facts.length
    this.#oldestRecordedAtMs ??= group.recordedAtMs
    const isBehind = this.#loadedTo < this.#spilledTo || group.order <= this.#loadedTo
    if (isBehind || this.#window.length >= WINDOW_GROUPS) answerRecorded(group)
    else {
      this.#window.push(group)
      this.#loadedTo = group.order
    }
    this.#spilledTo = Math.max(this.#spilledTo, group.order)
  }

  /** The group in front, read from the disk if the window is empty. */
  async front(): Promise<Group | undefined> {
    if (this.#window.length === 0 && this.#loadedTo < this.#spilledTo) {
      const upTo = this.#spilledTo
      const loaded = await this.#store.waiting(this.#loadedTo, WINDOW_GROUPS)
      this.#window.push(...loaded.map(foundGroup))
      this.#loadedTo = loaded.at(-1)?.order ?? upTo
    }
    return this.#window[0]
  }

  /** Puts one group in the place of the first `count`, which hold the same facts or, of one group, more of them. */
  replaceFront(count: number, group: Group): void {
    const before = this.#window.splice(0, count, group).reduce((facts, one) => facts + one.facts.length, 0)
    this.#left(before - group.facts.length)
  }

  /** The first waits no longer. */
  removeFront(): void {
    this.#left(this.#window.shift()?.facts.length ?? 0)
  }

  /** Shapes of facts that were asked for: counted before they are recorded (R2). */
  noteShapes(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind === 'revocation') this.#shapes.set(`${fact.iss}\n${encodeShape(shapeOf(fact.match))}`, fact)
    }
  }

  /** Once nothing waits the own replica knows all shapes, or their facts were refused. */
  forgetShapes(): void {
    if (this.#facts === 0) this.#shapes.clear()
  }

  #left(facts: number): void {
    this.#facts -= facts
    const first = this.#window[0]?.recordedAtMs ?? this.#oldestRecordedAtMs
    this.#oldestRecordedAtMs = this.#facts > 0 ? first : undefined
  }
}
