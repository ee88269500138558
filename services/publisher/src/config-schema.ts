import { isWellFormed, limits } from '@rescind/protocol'
import { z } from 'zod'
import { ADMIN_VARIABLES } from './admin-config.ts'
import { parseDurationMs } from './durations.ts'
import {
  DEFAULT_AUDIT_RETENTION_MS,
  DEFAULT_RATE_LIMIT,
  DEFAULT_RETENTION_MS,
  MAX_ISSUERS,
  MAX_KEYS,
  MAX_RETENTION_MS,
} from './limits.ts'
import { isNetwork } from './network.ts'
import { SCOPES, TOKEN_ACTOR } from './principal.ts'

const integer = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number)

const duration = (minMs: number, maxMs: number) =>
  z
    .string({ error: 'must be a duration as text, such as "15m"' })
    .refine((text) => parseDurationMs(text) !== undefined, {
      error: 'must be a duration such as 500ms, 15m, 1h or 30d',
    })
    .transform((text) => parseDurationMs(text) ?? 0)
    .refine((ms) => ms >= minMs && ms <= maxMs, { error: `must be from ${minMs} to ${maxMs} ms` })

const name = (what: string, max: number) =>
  z.string({ error: `must be ${what}` }).refine((text) => text !== '' && text.length <= max && isWellFormed(text), {
    error: `must be ${what}, 1 to ${max} characters`,
  })

const json = (text: string, context: z.RefinementCtx): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' })
    return z.NEVER
  }
}

const unique = (field: string) => (items: readonly Record<string, unknown>[]) =>
  new Set(items.map((item) => item[field])).size === items.length

const maxExpiry = duration(1_000, limits.MAX_LIFETIME_MS)
const maxSession = duration(0, limits.MAX_LIFETIME_MS)
const clockSkew = duration(0, limits.MAX_CLOCK_SKEW_MS)
const leeway = duration(0, limits.MAX_LEEWAY_MS)
const iss = name('the exact "iss" of the tokens', limits.MAX_ISSUER_LENGTH)

const issuer = z.strictObject(
  {
    iss,
    maxExpiry,
    maxSession: maxSession.optional(),
    clockSkew: clockSkew.optional(),
    leeway: leeway.optional(),
  },
  { error: objectError('{ "iss", "maxExpiry", "maxSession"?, "clockSkew"?, "leeway"? }') },
)

const key = z.strictObject(
  {
    name: name('the name of whoever holds the key', limits.MAX_PRINCIPAL_LENGTH).refine(
      (text) => !text.startsWith(TOKEN_ACTOR),
      { error: `must not begin with ${TOKEN_ACTOR}, as the names of those do who sign on by token` },
    ),
    hash: z
      .string({ error: 'must be "sha256:" and 64 hexadecimal digits: --new-key prints it' })
      .regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be "sha256:" and 64 hexadecimal digits: --new-key prints it' }),
    scopes: z
      .array(z.enum(SCOPES, { error: `must be one of ${SCOPES.join(', ')}` }), { error: 'must be a list of scopes' })
      .min(1, { error: `must name at least one of ${SCOPES.join(', ')}` }),
  },
  { error: objectError('{ "name", "hash", "scopes" }') },
)

function objectError(shape: string) {
  return (issue: { code: string | undefined; keys?: readonly string[] }) =>
    issue.code === 'unrecognized_keys'
      ? `has no field ${(issue.keys ?? []).join(', ')}; it is ${shape}`
      : `must be an object ${shape}`
}

const listError = { error: 'must be a JSON array' }

/** Every variable by itself: what it may be, in words, and what it becomes. What must go together is in `config.ts`. */
export const VARIABLES = z.object({
  RESCIND_HOST: z.string().default('127.0.0.1'),
  RESCIND_PORT: integer(0, 65_535).default(8080),
  RESCIND_STREAM_REPLICAS: z
    .enum(['1', '3', '5'], { error: 'must be 1, 3 or 5' })
    .transform((text) => Number(text) as 1 | 3 | 5)
    .optional(),
  RESCIND_STREAM_MAX_BYTES: integer(2 ** 20, 2 ** 40).optional(),
  RESCIND_ISSUERS: z
    .string()
    .transform(json)
    .pipe(
      z
        .array(issuer, listError)
        .min(1, { error: 'must name at least one issuer' })
        .max(MAX_ISSUERS, { error: `must name at most ${MAX_ISSUERS} issuers` })
        .refine(unique('iss'), { error: 'names an issuer twice' }),
    )
    .optional(),
  RESCIND_ISSUER: iss.optional(),
  RESCIND_MAX_EXPIRY: maxExpiry.optional(),
  RESCIND_MAX_SESSION: maxSession.optional(),
  RESCIND_CLOCK_SKEW: clockSkew.optional(),
  RESCIND_LEEWAY: leeway.optional(),
  RESCIND_KEYS: z
    .string()
    .transform(json)
    .pipe(
      z
        .array(key, listError)
        .max(MAX_KEYS, { error: `must hold at most ${MAX_KEYS} keys` })
        .refine(unique('name'), { error: 'holds two keys of one name' })
        .refine(unique('hash'), { error: 'holds one key twice' }),
    )
    .optional(),
  ...ADMIN_VARIABLES,
  RESCIND_RATE_LIMIT: integer(0, 100_000).default(DEFAULT_RATE_LIMIT),
  RESCIND_TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(',').map((network) => network.trim()))
    .refine((networks) => networks.every(isNetwork), {
      error: 'must be addresses or ranges such as 10.0.0.0/8, with commas',
    })
    .optional(),
  RESCIND_STORE_DIR: z
    .string({
      error: 'is required: the folder in which what was answered for is kept, on a disk that outlives the process',
    })
    .min(1),
  RESCIND_RETENTION: duration(0, MAX_RETENTION_MS).default(DEFAULT_RETENTION_MS),
  RESCIND_AUDIT_RETENTION: duration(0, MAX_RETENTION_MS).default(DEFAULT_AUDIT_RETENTION_MS),
  RESCIND_SHUTDOWN_DELAY_MS: integer(0, 600_000).default(0),
  RESCIND_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { error: 'must be a level of pino' })
    .default('info'),
  RESCIND_LOG_HASH_KEY: z.string().min(16, { error: 'must be at least 16 characters' }).optional(),
})

/** What the variables become one by one. */
export type Variables = z.infer<typeof VARIABLES>
