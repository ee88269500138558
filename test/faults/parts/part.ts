import type { Random } from '../../scale/load/random.ts'
import type { Violation } from '../oracle/judge.ts'
import type { SiteOptions } from '../site/site.ts'
import type { Point } from './crash-loop.ts'

/** What every part is given. */
export interface PartContext extends Omit<SiteOptions, 'program'> {
  /** Deaths at each point that are to count. */
  readonly hits: number
  /** Of the crash loop. */
  readonly points: readonly Point[]
  /** Everything shorter, for a version of a minute or two. */
  readonly short: boolean
  readonly random: Random
  /** Told of progress. */
  readonly tell: (what: string) => void
}

/** One table of a report. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What a part found out. */
export interface PartResult {
  readonly title: string
  /** What was done and seen, in sentences. */
  readonly text: readonly string[]
  readonly tables: readonly Table[]
  /** The same, for machines. */
  readonly figures: unknown
  readonly violations: readonly Violation[]
}

/** One part of the suite. */
export type Part = (context: PartContext) => Promise<PartResult>
