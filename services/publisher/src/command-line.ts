import { parseArgs } from 'node:util'
import { SCOPES, type Scope, TOKEN_ACTOR } from './principal.ts'

/** What the process was asked to do. */
export type Command =
  | { readonly kind: 'run' }
  | { readonly kind: 'help' }
  | { readonly kind: 'print-config' }
  | { readonly kind: 'new-nkey' }
  | { readonly kind: 'new-key'; readonly name: string; readonly scopes: readonly Scope[] }
  /** `routes`: where the servers of a cluster find each other, `host:port`. */
  | { readonly kind: 'setup'; readonly folder: string; readonly routes: readonly string[] }
  | { readonly kind: 'mistaken'; readonly mistakes: readonly string[] }

/** The servers of the cluster in services/broker, unless somebody names others. */
const ROUTES = ['nats-1:6222', 'nats-2:6222', 'nats-3:6222']

/** Reads the arguments after the program's name; all mistakes at once. */
export function readCommandLine(args: readonly string[]): Command {
  let values: {
    help?: boolean
    'print-config'?: boolean
    'new-key'?: string
    'new-nkey'?: boolean
    scope?: string[]
    setup?: string
    route?: string[]
  }
  try {
    values = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        'print-config': { type: 'boolean' },
        'new-key': { type: 'string' },
        'new-nkey': { type: 'boolean' },
        scope: { type: 'string', multiple: true },
        setup: { type: 'string' },
        route: { type: 'string', multiple: true },
      },
    }).values
  } catch (error) {
    return { kind: 'mistaken', mistakes: [(error as Error).message] }
  }
  if (values.help) return { kind: 'help' }
  const { scope, route, setup, 'new-key': newKey, 'new-nkey': newNkey } = values
  const asked = [newKey !== undefined && '--new-key', newNkey && '--new-nkey', setup !== undefined && '--setup']
  const several = asked.filter(Boolean)
  const misplaced = [
    ...(scope && newKey === undefined ? ['--scope: belongs to --new-key NAME'] : []),
    ...(route && setup === undefined ? ['--route: belongs to --setup DIR'] : []),
    ...(several.length > 1 ? [`${several.join(', ')}: are several things; ask for one`] : []),
  ]
  if (misplaced.length > 0) return { kind: 'mistaken', mistakes: misplaced }
  if (newNkey) return { kind: 'new-nkey' }
  if (newKey !== undefined) return readNewKey(newKey, scope ?? [])
  if (setup !== undefined) return readSetup(setup, route ?? ROUTES)
  return values['print-config'] ? { kind: 'print-config' } : { kind: 'run' }
}

function readSetup(folder: string, routes: readonly string[]): Command {
  const mistakes = routes
    .filter((route) => !/^([A-Za-z0-9._-]{1,253}|\[[0-9a-f:]+\]):\d{1,5}$/.test(route))
    .map((route) => `--route: ${route} is not HOST:PORT`)
  if (folder === '') mistakes.unshift('--setup: wants a folder')
  return mistakes.length > 0 ? { kind: 'mistaken', mistakes } : { kind: 'setup', folder, routes }
}

function readNewKey(name: string, given: readonly string[]): Command {
  const mistakes: string[] = []
  const scopes = given.flatMap((scope) => scope.split(',')).map((scope) => scope.trim())
  if (name === '' || name.length > 256) mistakes.push('--new-key: wants a name of 1 to 256 characters')
  if (name.startsWith(TOKEN_ACTOR)) mistakes.push(`--new-key: a name must not begin with ${TOKEN_ACTOR}`)
  if (scopes.length === 0) mistakes.push(`--scope: say what the key may do: ${SCOPES.join(', ')}`)
  for (const scope of scopes) {
    if (!SCOPES.includes(scope as Scope)) mistakes.push(`--scope: ${scope} is none of ${SCOPES.join(', ')}`)
  }
  return mistakes.length > 0
    ? { kind: 'mistaken', mistakes }
    : { kind: 'new-key', name, scopes: [...new Set(scopes as Scope[])] }
}
