import type { Barrier } from '@rescind/log'
import { type Clock, limits } from '@rescind/protocol'
import type { FollowState } from './follow-state.ts'
import { frameStanding } from './frame-standing.ts'

/** What answering needs. */
export interface BarrierAnswersParts {
  readonly clock: Clock
  /** Where following stands now. */
  state(): FollowState
  /** Says that everything up to the barrier's frame is applied, and names the barrier. */
  announce(barrier: string): void
  /** Asks the log for its head: it holds more than has been applied, or something else. */
  nudge(): void
}

/**
 * Answers barriers: at once where the frame has been applied, else as soon as it is, each barrier at most once. One that
 * finds nothing to answer is waited for a moment, and then the log is asked: its frame may have been missed. Anybody who can
 * publish on the subject can forge them, so what they cost is bounded: memory by `MAX_WAITING_BARRIERS`, questions by
 * `ASK_AFTER_BARRIER_MS`, announcements by `MAX_BARRIER_ANSWERS_PER_SEC`.
 */
export class BarrierAnswers {
  readonly #parts: BarrierAnswersParts
  /** Those whose frames are still to be applied, the oldest first. */
  #waiting: Barrier[] = []
  /** The ids of those answered last. */
  readonly #answered: string[] = []
  #heardAtMs = Number.NEGATIVE_INFINITY
  #asking: NodeJS.Timeout | undefined
  #second = Number.NEGATIVE_INFINITY
  #answersInSecond = 0

  constructor(parts: BarrierAnswersParts) {
    this.#parts = parts
  }

  /** A barrier came. */
  hear(barrier: Barrier): void {
    const isKnown = (id: string): boolean => id === barrier.barrier
    if (this.#answered.some(isKnown) || this.#waiting.some((one) => isKnown(one.barrier))) return
    if (this.#answerIfApplied(barrier, this.#parts.state())) return
    this.#waiting.push(barrier)
    if (this.#waiting.length > limits.MAX_WAITING_BARRIERS) this.#waiting.shift()
    this.#heardAtMs = this.#parts.clock.monotonic()
    this.#asking ??= setTimeout(() => this.#askIfMissing(), limits.ASK_AFTER_BARRIER_MS).unref()
  }

  /** The replica has moved. */
  look(state: FollowState): void {
    if (this.#waiting.length === 0) return
    this.#waiting = this.#waiting.filter((barrier) => !this.#answerIfApplied(barrier, state))
  }

  /** Answers nothing more; idempotent. */
  close(): void {
    clearTimeout(this.#asking)
    this.#asking = undefined
    this.#waiting = []
  }

  #answerIfApplied({ barrier, cursor }: Barrier, state: FollowState): boolean {
    if (frameStanding(state, cursor) !== 'applied') return false
    this.#answered.push(barrier)
    if (this.#answered.length > limits.MAX_WAITING_BARRIERS) this.#answered.shift()
    if (this.#mayAnswer()) this.#parts.announce(barrier)
    return true
  }

  #mayAnswer(): boolean {
    const second = Math.floor(this.#parts.clock.monotonic() / 1_000)
    if (second !== this.#second) this.#answersInSecond = 0
    this.#second = second
    this.#answersInSecond += 1
    return this.#answersInSecond <= limits.MAX_BARRIER_ANSWERS_PER_SEC
  }

  /** A question that was asked since brings the frame by itself. */
  #askIfMissing(): void {
    this.#asking = undefined
    if (this.#waiting.length > 0 && this.#parts.state().askedAtMs <= this.#heardAtMs) this.#parts.nudge()
  }
}
