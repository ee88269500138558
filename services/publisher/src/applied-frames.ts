import type { Applied } from '@rescind/denylist'
import type { Cursor, Frame } from '@rescind/protocol'

/** A frame that the publisher's own replica has applied, and what became of each of its facts at that instant (R10). */
export interface AppliedFrame {
  readonly frame: Frame
  readonly cursor: Cursor
  readonly applied: readonly Applied[]
}

/** A frame that somebody waits for. */
export interface Expected {
  /** Resolves when it is applied for the first time from the asking on. */
  readonly applied: Promise<AppliedFrame>
  /** The same, if it has happened; of several times, the last. */
  readonly event: AppliedFrame | undefined
  forget(): void
}

/** Lets whoever appends a frame wait until the publisher's own replica has applied it. */
export class AppliedFrames {
  readonly #waiting = new Map<string, (event: AppliedFrame) => void>()

  /** To be called before the frame is appended: its live message can be faster than the acknowledgement. */
  expect(frameId: string): Expected {
    let event: AppliedFrame | undefined
    const applied = new Promise<AppliedFrame>((resolve) => {
      this.#waiting.set(frameId, (told) => {
        event = told
        resolve(told)
      })
    })
    return {
      applied,
      get event() {
        return event
      },
      forget: () => void this.#waiting.delete(frameId),
    }
  }

  /** Told of every frame the replica applies, by whomever it was appended. */
  tell(event: AppliedFrame): void {
    this.#waiting.get(event.frame.frameId)?.(event)
  }
}
