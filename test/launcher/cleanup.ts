/** In this order things are stopped: nobody should lose what it still needs to say goodbye. */
const STAGES = ['replica', 'publisher', 'issuer', 'broker', 'folder'] as const

type Stage = (typeof STAGES)[number]

/** What has to be undone, noted as soon as it is done, so that a start that fails half-way leaves nothing either. */
export class Cleanup {
  readonly #steps = new Map<Stage, (() => Promise<void>)[]>()
  #running: Promise<void> | undefined

  /** Notes one thing to undo; undoes it too if everything is being undone already. */
  add(stage: Stage, step: () => Promise<void>): void {
    this.#steps.set(stage, [...(this.#steps.get(stage) ?? []), step])
    if (this.#running !== undefined) this.#running = this.#running.finally(() => this.#undo())
  }

  /** Undoes everything, stage by stage, within a stage at once; idempotent. Rejects with the first failure, at the end. */
  async run(): Promise<void> {
    // The first stage begins in the next turn: what it does must find that we are at it.
    this.#running ??= Promise.resolve().then(() => this.#undo())
    for (let awaited: unknown; awaited !== this.#running; ) {
      awaited = this.#running
      await this.#running
    }
  }

  async #undo(): Promise<void> {
    const failures: unknown[] = []
    for (const stage of STAGES) {
      const steps = this.#steps.get(stage) ?? []
      this.#steps.delete(stage)
      for (const result of await Promise.allSettled(steps.map((step) => step()))) {
        if (result.status === 'rejected') failures.push(result.reason)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
