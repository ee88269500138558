/** What `pnpm test:scale` was asked for. */
export interface ScaleOptions {
  readonly size: 'full' | 'short'
  /** Length of a full run; absent: as short as its faults allow. */
  readonly minutes?: number
  readonly compose: boolean
  /** Absent: a random one. */
  readonly seed?: number
}

/** Tokens live for 15 minutes and facts for longer; nothing in a run should expire that it is judged by. */
const MAX_MINUTES = 30

/** What `--help` prints. */
export const HELP = `pnpm test:scale: scale APIs up and down and break everything, while revocations and lifts flow.

  --short        smaller, and several faults at once, as in pnpm test
  --minutes N    stretch the rests between the steps: about N minutes in all, 1 to ${MAX_MINUTES}
  --compose      containers of docker-compose.yml instead of processes
  --seed N       what is revoked, and in which order (0 to 4294967295); printed by every run
  --help         this text

A run scales from 1 to 6 to 3 APIs; kills one and pauses one; restarts, kills and pauses the broker; loses live messages
and freezes the link of one API behind a relay; starts six at once from nothing. Every answer is written down and judged
at the end: README.md beside this program tells by which rules.

It prints a table, and a full run writes it, with a drawing, to test/scale/results/. Everything listens on 127.0.0.1 on
free ports. Ctrl-C stops everything it started. Exit codes: 0 nothing was wrong; 1 something was, or the run could not be
carried through; 2 a mistake on the command line; 3 there is no nats-server here, or no docker; 130 stopped.
`

/** Reads the command line; a string is what is wrong with it. */
export function readOptions(argv: readonly string[]): ScaleOptions | 'help' | { readonly mistake: string } {
  let options: ScaleOptions = { size: 'full', compose: false }
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index]
    if (argument === '--help' || argument === '-h') return 'help'
    if (argument === '--short') options = { ...options, size: 'short' }
    else if (argument === '--compose') options = { ...options, compose: true }
    else if (argument === '--minutes' || argument === '--seed') {
      const name = argument === '--minutes' ? 'minutes' : 'seed'
      const value = numberIn(argv[++index])
      const [least, most] = name === 'minutes' ? [1, MAX_MINUTES] : [0, 2 ** 32 - 1]
      if (value === undefined || value < least || value > most) {
        return { mistake: `${argument} wants a whole number from ${least} to ${most}` }
      }
      options = { ...options, [name]: value }
    } else if (argument !== '--') return { mistake: `unknown option ${argument}` }
  }
  if (options.size === 'short' && options.minutes !== undefined)
    return { mistake: 'give --short or --minutes, not both' }
  return options
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
