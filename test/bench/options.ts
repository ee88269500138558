/** Questions there are, in the order in which they are asked. */
export const IDS = ['G12', 'G13', 'G14', 'G15'] as const

/** One of {@link IDS}. */
export type QuestionId = (typeof IDS)[number]

/** What `pnpm bench` was asked for. */
export interface BenchOptions {
  /** What to ask; all of them by default. */
  readonly only: readonly QuestionId[]
  /** Fewer and smaller rounds; their results are printed and not kept. */
  readonly short: boolean
  /** Absent: a random one. */
  readonly seed?: number
}

/** What `--help` prints. */
export const HELP = `pnpm bench: what revoking costs, beside a floor or a peer in the same run.

  --only G13     one question; several with commas, or given again
  --short        fewer rounds, and 100,000 subjects instead of 1,000,000; nothing is written
  --seed N       which subjects are revoked (0 to 4294967295); printed by every run
  --help         this text

  G12  from the append of a frame to its enforcement in 50 replicas, beside bare NATS
  G13  from a POST to the receipt of 50 of 50 replicas
  G14  durable revocations over HTTP, beside an empty handler
  G15  an upload of a million subjects to 10 replicas, beside the same bytes as raw frames

Each has a real nats-server, and processes of its own on 127.0.0.1 on free ports. A full run takes about six minutes and
writes test/bench/results/: JSON, a table and a drawing of each question. Whether a goal is met is for a quiet machine to
say. Exit codes: 0 all was measured, whether goals are met or not; 1 something could not be; 2 a mistake on the command
line; 130 stopped.
`

/** Reads the command line; an object with a mistake is what is wrong with it. */
export function readOptions(argv: readonly string[]): BenchOptions | 'help' | { readonly mistake: string } {
  let options: BenchOptions = { only: [], short: false }
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]
    if (argument === '--help' || argument === '-h') return 'help'
    if (argument === '--short') options = { ...options, short: true }
    else if (argument === '--only') {
      const ids = (argv[++index] ?? '').toUpperCase().split(',')
      const known = IDS.filter((id) => ids.includes(id))
      if (known.length < ids.length) return { mistake: `--only wants some of ${IDS.join(', ')}` }
      options = { ...options, only: [...options.only, ...known] }
    } else if (argument === '--seed') {
      const text = argv[++index] ?? ''
      if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32) {
        return { mistake: '--seed wants a whole number from 0 to 4294967295' }
      }
      options = { ...options, seed: Number(text) }
    } else if (argument !== '--') return { mistake: `unknown option ${argument}` }
  }
  return options.only.length > 0 ? options : { ...options, only: IDS }
}
