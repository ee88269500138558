import type { QuestionId } from './options.ts'

/** What a question is asked with. */
export interface Bench {
  readonly short: boolean
  /** Of what is random in it. */
  readonly seed: number
  /** Fires when somebody wants it to end. */
  readonly stop: AbortSignal
  /** One line for whoever waits. */
  tell(line: string): void
}

/** One goal, and what came of it. */
export interface Goal {
  readonly what: string
  readonly wanted: string
  readonly measured: string
  readonly met: boolean
}

/** A line of a drawing. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** One drawing: lines over two axes. */
export interface Plot {
  readonly title: string
  readonly x: { readonly label: string; readonly logarithmic?: boolean }
  readonly y: { readonly label: string; readonly logarithmic?: boolean }
  readonly series: readonly Series[]
}

/** What a question found. */
export interface Findings {
  readonly goals: readonly Goal[]
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
  readonly plot: Plot
  /** What a reader has to know beside the figures: a sentence each. */
  readonly notes: readonly string[]
  /** Versions of what took part, beside Node. */
  readonly versions: Readonly<Record<string, string>>
}

/** One question of `pnpm bench`. */
export interface Question {
  readonly id: QuestionId
  readonly title: string
  ask(bench: Bench): Promise<Findings>
}
