import { parseArgs } from 'node:util'
import { SCOPES, type Scope, TOKEN_ACTOR } from './principal.ts'

/** What the process was asked to do. */
export type Command =
  | { readonly kind: 'run' }
  | { readonly kind: 'help' }
  | { readonly kind: 'print-config' }
  | { readonly kind: 'new-key'; readonly name: string; readonly scopes: readonly Scope[] }
  | { readonly kind: 'mistaken'; readonly mistakes: readonly string[] }

/** Reads the arguments after the program's name; all mistakes at once. */
export function readCommandLine(args: readonly string[]): Command {
  let values: { help?: boolean; 'print-config'?: boolean; 'new-key'?: string; scope?: string[] }
  try {
    values = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        'print-config': { type: 'boolean' },
        'new-key': { type: 'string' },
        scope: { type: 'string', multiple: true },
      },
    }).values
  } catch (error) {
    return { kind: 'mistaken', mistakes: [(error as Error).message] }
  }
  if (values.help) return { kind: 'help' }
  if (values['new-key'] !== undefined) return readNewKey(values['new-key'], values.scope ?? [])
  if (values.scope) return { kind: 'mistaken', mistakes: ['--scope: belongs to --new-key NAME'] }
  return values['print-config'] ? { kind: 'print-config' } : { kind: 'run' }
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
