import type { Applied } from '@rescind/denylist'
import type { Cursor, Frame } from '@rescind/protocol'

/** A frame that the publisher's own replica has applied, and what became of each of its facts at that instant (R10). */
export interface AppliedFrame {
  readonly frame: Frame
  readonly cursor: Cursor
  readonly applied: readonly Applied[]
}

/** Lets whoever appends a frame wait until the publisher's own replica has applied it. */
export class AppliedFrames {
  readonly #waiting = new Map<string, (event: AppliedFrame) => void>()

  /** To be called before the frame is appended: its live message can be faster than the acknowledgement. */
  expect(frameId: string): { readonly applied: Promise<AppliedFrame>; forget(): void } {
    const applied = new Promise<AppliedFrame>((resolve) => this.#waiting.set(frameId, resolve))
    return { applied, forget: () => this.#waiting.delete(frameId) }
  }

  /** Told of every frame the replica applies, by whomever it was appended. */
  tell(event: AppliedFrame): void {
    this.#waiting.get(event.frame.frameId)?.(event)
  }
}
