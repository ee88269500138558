import { POINTS, type Point } from './parts/crash-loop.ts'

/** The parts of the suite, in the order in which they run. */
export const PARTS = ['crash', 'red', 'fsync', 'outage', 'disasters', 'two-publishers'] as const

/** One of {@link PARTS}. */
export type PartName = (typeof PARTS)[number]

/** What `pnpm test:faults` was asked for. */
export interface FaultsOptions {
  readonly hits: number
  readonly points: readonly Point[]
  readonly parts: readonly PartName[]
  readonly short: boolean
  /** Absent: a random one. */
  readonly seed?: number
}

const DEFAULT_HITS = 250
const HITS_IN_SHORT = 3
const MAX_HITS = 100_000

/** What `--help` prints. */
export const HELP = `pnpm test:faults: kill, cut off and rob real processes, and see that nothing that was answered for is lost.

  --hits N       deaths at each point that are to count (${DEFAULT_HITS}; with --short ${HITS_IN_SHORT})
  --point NAME   only this one: ${POINTS.join(', ')}; may be repeated
  --part NAME    only this one: ${PARTS.join(', ')}; may be repeated
  --short        little of everything, in a minute or two; leaves out what takes minutes to be noticed
  --seed N       what is asked for and when it is killed (0 to 4294967295); printed by every run
  --help         this text

crash kills the publisher at each named point, the broker, and both; red does the same to copies of the publisher that
are wrong, and they must be found out; fsync watches system calls by strace; outage takes the broker away; disasters
exchanges, empties, deletes and shortens the stream; two-publishers kills each of two in turn, with clocks apart.
README.md beside this program tells what each of them proves.

A run prints its report; one with every part and without --short writes it to test/faults/results/. Everything listens on
127.0.0.1 on free ports. Ctrl-C stops everything it started. Exit codes: 0 nothing was wrong; 1 something was, or the run
could not be carried through; 2 a mistake on the command line; 3 a program is missing here; 130 stopped.
`

/** Reads the command line; a string is what is wrong with it. */
export function readOptions(argv: readonly string[]): FaultsOptions | 'help' | { readonly mistake: string } {
  let hits: number | undefined
  let seed: number | undefined
  let short = false
  const points: Point[] = []
  const parts: PartName[] = []
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index]
    if (argument === '--help' || argument === '-h') return 'help'
    if (argument === '--short') short = true
    else if (argument === '--hits' || argument === '--seed') {
      const [least, most] = argument === '--hits' ? [1, MAX_HITS] : [0, 2 ** 32 - 1]
      const value = numberIn(argv[++index])
      if (value === undefined || value < least || value > most) {
        return { mistake: `${argument} wants a whole number from ${least} to ${most}` }
      }
      if (argument === '--hits') hits = value
      else seed = value
    } else if (argument === '--point' || argument === '--part') {
      const names: readonly string[] = argument === '--point' ? POINTS : PARTS
      const value = argv[++index]
      if (value === undefined || !names.includes(value))
        return { mistake: `${argument} wants one of ${names.join(', ')}` }
      if (argument === '--point') points.push(value as Point)
      else parts.push(value as PartName)
    } else if (argument !== '--') return { mistake: `unknown option ${argument}` }
  }
  const chosen: readonly PartName[] = parts.length > 0 ? parts : points.length > 0 ? ['crash'] : PARTS
  return {
    hits: hits ?? (short ? HITS_IN_SHORT : DEFAULT_HITS),
    points: points.length > 0 ? points : POINTS,
    parts: PARTS.filter((part) => chosen.includes(part)),
    short,
    ...(seed !== undefined && { seed }),
  }
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
