import type { Cursor } from '@rescind/protocol'
import type { Draft } from './draft.ts'
import { frameKey } from './keys.ts'

/** A frame that is known: its epoch, sequence and id, and how many facts lie in it. At none it may be forgotten. */
export type FrameRow = readonly [epoch: string, seq: number, frameId: string, facts: number]

/** Facts that leave frames and join one, in one write. */
export class FrameCounts {
  readonly #draft: Draft
  readonly #changes = new Map<string, { readonly epoch: string; readonly seq: number; by: number }>()

  constructor(draft: Draft) {
    this.#draft = draft
  }

  /** One fact lies in this frame no longer. */
  leave(epoch: string, seq: number): void {
    this.#change(epoch, seq, -1)
  }

  /** One fact lies in this frame now. */
  join(epoch: string, seq: number): void {
    this.#change(epoch, seq, 1)
  }

  /** Writes the counts down, and the frame at `cursor` too if nothing joined it. */
  async write(cursor?: Cursor): Promise<void> {
    if (cursor) this.#change(cursor.epoch, cursor.seq, 0)
    const changes = [...this.#changes.values()]
    await this.#draft.load(changes.map(({ epoch, seq }) => frameKey(epoch, seq)))
    for (const { epoch, seq, by } of changes) {
      const key = frameKey(epoch, seq)
      const known = this.#draft.get(key) as FrameRow | undefined
      const isNew = cursor?.epoch === epoch && cursor.seq === seq
      const frameId = isNew ? cursor.frameId : known?.[2]
      if (frameId !== undefined) this.#draft.put(key, [epoch, seq, frameId, (known?.[3] ?? 0) + by])
    }
  }

  #change(epoch: string, seq: number, by: number): void {
    const name = `${seq} ${epoch}`
    const known = this.#changes.get(name)
    if (known) known.by += by
    else this.#changes.set(name, { epoch, seq, by })
  }
}
