import { type Environment, type NatsLogOptions, readNatsEnvironment, withFiles } from '@rescind/subscriber'
import { ALGORITHMS, type Algorithm } from '@rescind/verifier'
import { z } from 'zod'
import { parseDurationMs } from './durations.ts'

const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  })

const integer = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number)

const list = z
  .string()
  .transform((text) => text.split(',').map((item) => item.trim()))
  .refine((items) => items.every((item) => item !== ''), { error: 'must be a list with commas, without empty items' })

const algorithms = list
  .refine((names) => names.every((name) => ALGORITHMS.includes(name as Algorithm)), {
    error: `must be some of ${ALGORITHMS.join(', ')}`,
  })
  .transform((names) => names as Algorithm[])

const duration = z
  .string()
  .refine((text) => (parseDurationMs(text) ?? 0) > 0, { error: 'must be a duration such as 15m, 1h or 30d' })
  .transform((text) => parseDurationMs(text) as number)

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 of A-Z a-z 0-9 _ -' })

const environment = z.object({
  RESCIND_HOST: z.string().default('127.0.0.1'),
  RESCIND_PORT: integer(0, 65_535).default(8081),
  RESCIND_NAME: name.optional(),
  RESCIND_SNAPSHOT_URL: url(['http:', 'https:']),
  RESCIND_SNAPSHOT_TOKEN: z.string().optional(),
  RESCIND_ISSUER: z.string(),
  RESCIND_AUDIENCE: z.string(),
  RESCIND_ALGORITHMS: algorithms.default(['ES256']),
  RESCIND_JWKS_URL: url(['http:', 'https:']),
  RESCIND_MAX_EXPIRY: duration,
  RESCIND_WHEN_UNKNOWN: z.enum(['reject', 'accept'], { error: 'must be reject or accept; there is no default' }),
  RESCIND_STALE_AFTER_MS: integer(1_000, 600_000).optional(),
  RESCIND_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { error: 'must be a level of pino' })
    .default('info'),
  RESCIND_LOG_HASH_KEY: z.string().min(16, { error: 'must be at least 16 characters' }).optional(),
})

/** What the sample API needs to know, checked. */
export interface SampleApiConfig {
  /** Address to listen on. */
  readonly host: string
  /** Port to listen on; 0 takes a free one. */
  readonly port: number
  /** The replica's name in presence; the subscriber makes one up if absent. */
  readonly name?: string
  /** The one issuer whose tokens pass. */
  readonly issuer: string
  /** What its tokens must name in `aud`. */
  readonly audience: string
  /** Signature algorithms that are accepted, all asymmetric. */
  readonly algorithms: readonly Algorithm[]
  /** Where the issuer publishes its keys. */
  readonly jwksUrl: string
  /** Longest `exp - iat` of a token in milliseconds (R17). */
  readonly maxExpiryMs: number
  /** What an unknown answer means for a request (R18). */
  readonly whenUnknown: 'reject' | 'accept'
  /** Age of the last proof in milliseconds above which the replica is stale (R19). */
  readonly staleAfterMs?: number
}

/** Configuration of the process around it: where the log and the snapshots are. */
export interface ProcessConfig {
  readonly api: SampleApiConfig
  /** As `natsLog` takes it. Holds secrets. */
  readonly nats: NatsLogOptions
  readonly snapshotUrl: string
  /** Bearer credential for the snapshot. Secret. */
  readonly snapshotToken?: string
  readonly logLevel: string
  /** Of the short hashes in log lines. Secret. Default: a random one. */
  readonly logHashKey?: string
}

/** Either the configuration, or one line for each mistake. */
export type ReadConfig =
  | { readonly ok: true; readonly config: ProcessConfig }
  | { readonly ok: false; readonly mistakes: readonly string[] }

/** Reads the configuration and reports all mistakes at once. An empty variable counts as absent. */
export function readConfig(env: Environment): ReadConfig {
  const mistakes: string[] = []
  const given = withFiles(env, ['RESCIND_SNAPSHOT_TOKEN', 'RESCIND_LOG_HASH_KEY'], mistakes)
  const parsed = environment.safeParse(given)
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0])
    mistakes.push(`${name}: ${given[name] === undefined ? 'is required' : issue.message}`)
  }
  if (given.RESCIND_IMPORTED === 'true' && given.RESCIND_NAME === undefined) {
    mistakes.push("RESCIND_NAME: is required beside RESCIND_IMPORTED: the broker's name for this user")
  }
  const nats = readNatsEnvironment(env)
  if (!nats.ok) mistakes.push(...nats.mistakes)
  if (!parsed.success || !nats.ok || mistakes.length > 0) return { ok: false, mistakes }
  return { ok: true, config: toConfig(parsed.data, nats.options) }
}

function toConfig(env: z.infer<typeof environment>, nats: NatsLogOptions): ProcessConfig {
  return {
    api: {
      host: env.RESCIND_HOST,
      port: env.RESCIND_PORT,
      ...(env.RESCIND_NAME !== undefined && { name: env.RESCIND_NAME }),
      issuer: env.RESCIND_ISSUER,
      audience: env.RESCIND_AUDIENCE,
      algorithms: env.RESCIND_ALGORITHMS,
      jwksUrl: env.RESCIND_JWKS_URL,
      maxExpiryMs: env.RESCIND_MAX_EXPIRY,
      whenUnknown: env.RESCIND_WHEN_UNKNOWN,
      ...(env.RESCIND_STALE_AFTER_MS !== undefined && { staleAfterMs: env.RESCIND_STALE_AFTER_MS }),
    },
    nats,
    snapshotUrl: env.RESCIND_SNAPSHOT_URL,
    ...(env.RESCIND_SNAPSHOT_TOKEN !== undefined && { snapshotToken: env.RESCIND_SNAPSHOT_TOKEN }),
    logLevel: env.RESCIND_LOG_LEVEL,
    ...(env.RESCIND_LOG_HASH_KEY !== undefined && { logHashKey: env.RESCIND_LOG_HASH_KEY }),
  }
}
