import { ALGORITHMS, type Algorithm } from '@rescind/verifier'
import { z } from 'zod'
import { type AdminIssuer, unmanagedAdmin } from './admin-tokens.ts'

const text = (what: string, max: number) =>
  z.string().refine((value) => value.trim() !== '' && value.length <= max, {
    error: `must be ${what}, not blank, at most ${max} characters`,
  })

/** The variables of signing on by token, each by itself. */
export const ADMIN_VARIABLES = {
  RESCIND_ADMIN_ISSUER: z.string().optional(),
  RESCIND_ADMIN_AUDIENCE: text('what tokens for this API carry in "aud"', 1_024).optional(),
  RESCIND_ADMIN_JWKS_URL: z
    .string()
    .refine(isFetchable, { error: 'must be a URL that starts with https:// or http://, without user and password' })
    .optional(),
  // What nearly every identity provider signs with, unless told otherwise: OpenID Connect Core makes RS256 the default,
  // and ES256 is what the others took. Both keys are told apart by their kind, so neither can be taken for the other.
  RESCIND_ADMIN_ALGORITHMS: z
    .string()
    .transform((list) => list.split(',').map((item) => item.trim()))
    .refine((names) => names.every(isAlgorithm), { error: `must be some of ${ALGORITHMS.join(', ')}, with commas` })
    .transform((names) => names as Algorithm[])
    .default(['ES256', 'RS256']),
  RESCIND_ADMIN_TYP: text('the "typ" of the tokens, such as at+jwt', 128).optional(),
}

/** What these variables become one by one. */
export type AdminVariables = z.infer<z.ZodObject<typeof ADMIN_VARIABLES>>

const REQUIRED = ['RESCIND_ADMIN_ISSUER', 'RESCIND_ADMIN_AUDIENCE', 'RESCIND_ADMIN_JWKS_URL'] as const

/**
 * What no single variable can show: they go together, and the issuer is one whose tokens can be revoked. `issuers` are
 * those configured; undefined if they cannot be read, of which there is a mistake already.
 */
export function* adminContradictions(
  given: Readonly<Record<string, string>>,
  issuers: readonly string[] | undefined,
): Generator<string> {
  const stated = Object.keys(ADMIN_VARIABLES).filter((name) => given[name] !== undefined)
  for (const name of stated.length === 0 ? [] : REQUIRED) {
    if (given[name] === undefined) yield `${name}: is required beside ${stated.join(', ')}`
  }
  const issuer = given.RESCIND_ADMIN_ISSUER
  const why = issuer === undefined || issuers === undefined ? undefined : unmanagedAdmin(issuer, issuers)
  if (why !== undefined) yield `RESCIND_ADMIN_ISSUER: ${why}`
}

/** Whose tokens sign on; undefined if nobody's do. */
export function toAdmin(given: AdminVariables): AdminIssuer | undefined {
  const { RESCIND_ADMIN_ISSUER: issuer, RESCIND_ADMIN_AUDIENCE: audience, RESCIND_ADMIN_JWKS_URL: jwksUrl } = given
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) return undefined
  const typ = given.RESCIND_ADMIN_TYP
  return { issuer, audience, jwksUrl, algorithms: given.RESCIND_ADMIN_ALGORITHMS, ...(typ !== undefined && { typ }) }
}

function isFetchable(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password } = new URL(value)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

function isAlgorithm(name: string): boolean {
  return ALGORITHMS.includes(name as Algorithm)
}
