import { WAYS } from './find-nats-server.ts'

/** What `pnpm start` was asked for. */
export interface LauncherOptions {
  /** End after the walk-through, with 0 or 1. */
  readonly once: boolean
  /** Everything in one process on the memory log, without a broker. */
  readonly memory: boolean
  /** docker-compose.yml instead of processes. */
  readonly compose: boolean
  /** With `compose`: its profile `cluster`, a log on three servers. */
  readonly cluster: boolean
}

/** What `--help` prints. */
export const HELP = `pnpm start: Rescind on this machine, with a walk-through of real HTTP calls.

  --once     end after the walk-through: 0 if every check held, 1 if one failed
  --memory   one process and no broker: nothing is durable, nothing crosses a network
  --compose  containers, as docker-compose.yml describes them; with --cluster, its log on three servers
  --help     this text

The broker: NATS_URL is one that runs already, with NATS_CREDS and the like if it asks for them. There the run has a
stream of its own, RESCIND_DEMO_<8 hex> on subjects of that name, and deletes it at the end; RESCIND, which a real
deployment uses, is not touched. Only what ends it by force (SIGKILL, a second Ctrl-C) leaves that stream.

Else a nats-server is sought (NATS_SERVER_BIN, PATH, the usual folders; on Debian and Ubuntu its package is fetched into
.rescind/, without root) and started with JetStream on a free port. If there is none, the exit code is 3, and any one of
these gives you one:

${WAYS}

With --compose the project has a name of its own, and its containers, networks and volumes are removed at the end; the
images stay. If there is no docker, compose or engine, the exit code is 3, too.

Everything listens on 127.0.0.1 on free ports, so that several may run at once. Ctrl-C stops everything it started,
and ends with 0 unless a check failed (npx says 130 all the same); with --once, before the end, with 130.
`

/** Reads the command line; a string is what is wrong with it. */
export function readOptions(argv: readonly string[]): LauncherOptions | 'help' | { readonly mistake: string } {
  const known = new Set(['--once', '--memory', '--compose', '--cluster', '--help', '-h', '--'])
  const unknown = argv.find((argument) => !known.has(argument))
  if (unknown !== undefined) return { mistake: `unknown option ${unknown}` }
  if (argv.includes('--help') || argv.includes('-h')) return 'help'
  const [once, memory, compose, cluster] = ['--once', '--memory', '--compose', '--cluster'].map((option) =>
    argv.includes(option),
  ) as [boolean, boolean, boolean, boolean]
  if (memory && compose) return { mistake: '--memory and --compose exclude each other' }
  if (cluster && !compose) return { mistake: '--cluster belongs to --compose' }
  return { once, memory, compose, cluster }
}
