import { readFileSync } from 'node:fs'

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Puts what `NAME_FILE` points to in the place of `NAME`, as container platforms mount secrets, and drops empty
 * variables: they count as absent. Mistakes are added to `mistakes`, one line each, never with a content.
 */
export function withFiles(env: Environment, names: readonly string[], mistakes: string[]): Record<string, string> {
  const given: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined && value !== '') given[name] = value
  for (const name of names) {
    const path = given[`${name}_FILE`]
    if (path === undefined) continue
    if (given[name] !== undefined) {
      mistakes.push(`${name}_FILE: give this or ${name}, not both`)
      continue
    }
    try {
      const content = readFileSync(path, 'utf8').trim()
      if (content === '')
        mistakes.push(`${name}_FILE: ${path} is empty; put the content there, or take the variable away`)
      else given[name] = content
    } catch (error) {
      mistakes.push(`${name}_FILE: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
    }
  }
  return given
}
