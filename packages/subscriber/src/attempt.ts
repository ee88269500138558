import { RescindError } from '@rescind/protocol'

/** One attempt to follow. Its work is done one piece after another; its end gives up the one under way. */
export class Attempt {
  /** Resolves when the attempt is over. */
  readonly over: Promise<void>
  #resolve: () => void = () => {}
  #work: Work | undefined
  #isOver = false

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Begins a piece of work, which may be silent for `silenceMs`; the one before it, if it is under way, is given up. */
  begin(silenceMs: number): Work | undefined {
    if (this.#isOver) return undefined
    this.#work?.giveUp(new RescindError('ERR_LOG_UNAVAILABLE', 'something else is to be done'))
    this.#work = new Work(silenceMs)
    return this.#work
  }

  /** Ends the attempt; idempotent. */
  end(): void {
    this.#isOver = true
    this.#work?.giveUp(new RescindError('ERR_LOG_UNAVAILABLE', 'the attempt is over'))
    this.#resolve()
  }
}

/** One piece of work that is waited for: a question, a range, a snapshot, a join. */
export class Work {
  /** Rejects when the work is given up, with why. */
  readonly givenUp: Promise<never>
  readonly #controller = new AbortController()
  readonly #silenceMs: number
  #timer: NodeJS.Timeout | undefined
  #isWanted = true

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs
    const { signal } = this.#controller
    this.givenUp = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    // It may end well, and then nobody looks at this.
    this.givenUp.catch(() => {})
    this.progress()
  }

  /** Fires when the work is given up: it has been silent for too long, or nobody waits for it any more. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Something came: it may be silent for as long again. */
  progress(): void {
    clearTimeout(this.#timer)
    const silent = new RescindError('ERR_LOG_UNAVAILABLE', `no answer within ${this.#silenceMs} ms`)
    this.#timer = setTimeout(() => this.#fail(silent), this.#silenceMs).unref()
  }

  /** Nobody waits for it any more. */
  giveUp(reason: RescindError): void {
    this.#isWanted = false
    this.#fail(reason)
  }

  /** The work is done, well or not. False if nobody waits for it any more. */
  end(): boolean {
    clearTimeout(this.#timer)
    return this.#isWanted
  }

  #fail(reason: RescindError): void {
    clearTimeout(this.#timer)
    this.#controller.abort(reason)
  }
}
