/** What `pnpm test:upgrade` was asked for. */
export interface UpgradeOptions {
  /** The old version: whatever git resolves to a commit. Absent: see {@link HELP}. */
  readonly from?: string
}

/** What `--help` prints. */
export const HELP = `pnpm test:upgrade: an old version of Rescind and this one, side by side, in every order.

  --from REF  the old version: a tag, branch or commit of this repository
  --help      this text

Without --from it is the newest tag v* that is not this very commit. Without such a tag nothing has been released, and
formats may have changed: then it is the oldest commit that can show itself whole ("pnpm start", test/launcher/main.ts)
and states the wire formats of today in section 7 of packages/protocol/SPEC.md. The new version is the working tree.

The old version is taken out of git into a temporary folder and installed there with its own lockfile. Two publishers
and three APIs run as processes of their own on a real nats-server, first all old; then one after the other is replaced:
replicas first, publishers first, and mixed, each there and back. After each step both publishers revoke and lift, and
every replica has to refuse what was acknowledged, to accept what was not, and never to answer 503. It prints a row for
each step. Exit codes: 0 everything held, 1 something did not, 2 a mistake on the command line, 3 no old version or no
broker could be had.
`

/** Reads the command line. */
export function readOptions(argv: readonly string[]): UpgradeOptions | 'help' | { readonly mistake: string } {
  let from: string | undefined
  const rest = argv.filter((argument) => argument !== '--')
  for (let i = 0; i < rest.length; i += 1) {
    const argument = rest[i] ?? ''
    if (argument === '--help' || argument === '-h') return 'help'
    if (argument !== '--from') return { mistake: `unknown option ${argument}` }
    from = rest[++i]
    // git would take a name that begins with a dash for an option of its own.
    if (!from || from.startsWith('-')) return { mistake: '--from needs a tag, branch or commit' }
  }
  return from === undefined ? {} : { from }
}
