import { isIPv4 } from 'node:net'
import {
  type Environment,
  type NatsLogOptions,
  type NatsPublisherLogOptions,
  readNatsEnvironment,
  withFiles,
} from '@rescind/log'
import { type IssuerPolicy, limits } from '@rescind/protocol'
import { adminContradictions, toAdmin } from './admin-config.ts'
import type { AdminIssuer } from './admin-tokens.ts'
import { VARIABLES, type Variables } from './config-schema.ts'
import type { HttpLimits } from './http-limits.ts'
import type { StaticKey } from './keys.ts'

/** What a publisher needs to know, wherever its log is. */
export interface PublisherConfig {
  /** Address to listen on. */
  readonly host: string
  /** Port to listen on; 0 takes a free one. */
  readonly port: number
  /** At least one; each with its own lifetimes. */
  readonly issuers: readonly IssuerPolicy[]
  /** Empty without `admin` only on a loopback address: then everyone may do everything. */
  readonly keys: readonly StaticKey[]
  /** Whose tokens sign on, beside the keys. Absent: nobody's. */
  readonly admin?: AdminIssuer
  /** What one principal may ask in a second, and at once; 0: as much as it likes. Default 2,500. */
  readonly rateLimit?: number
  /** Proxies whose `X-Forwarded-For` is believed, as addresses and ranges. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** What differs from the bounds on connections and requests. */
  readonly http?: Partial<HttpLimits>
  /** How long a stopping publisher goes on serving, not ready, so that load balancers can notice. */
  readonly shutdownDelayMs: number
  /** Folder of the Store; made if there is none. One publisher at a time. */
  readonly storeDir: string
  /** How long facts are kept after they have expired, to be looked up, in milliseconds. */
  readonly retainMs: number
  /** How long it is kept who did what, in milliseconds. */
  readonly auditKeptMs: number
  /** Of its own replica (R19); default 15,000. */
  readonly staleAfterMs?: number
  /** Of its own replica; default 2,000. */
  readonly proveEveryMs?: number
  /** Revocations and lifts that its own replica holds (R16); default `MAX_ENTRIES`. */
  readonly maxEntries?: number
}

/** Configuration of the publisher's process. */
export interface ProcessConfig {
  readonly publisher: PublisherConfig
  /** How to reach the broker, and what the stream is to be. Holds secrets. */
  readonly nats: NatsPublisherLogOptions
  readonly logLevel: string
  /** Of the short hashes in log lines. Secret. Default: a random one. */
  readonly logHashKey?: string
}

/** Either the configuration, or one line for each mistake. */
export type ReadConfig =
  | { readonly ok: true; readonly config: ProcessConfig }
  | { readonly ok: false; readonly mistakes: readonly string[] }

const FILES = ['RESCIND_ISSUERS', 'RESCIND_KEYS', 'RESCIND_LOG_HASH_KEY'] as const

/** Where publishers hear answers: one prefix for all their connections, so that their user may listen to that alone. */
const INBOX_PREFIX = '_INBOX_publisher'

/** Reads the environment and reports all mistakes at once. An empty variable counts as absent. */
export function readConfig(env: Environment): ReadConfig {
  const mistakes: string[] = []
  const given = withFiles(env, FILES, mistakes)
  const parsed = VARIABLES.safeParse(given)
  for (const { path, message } of parsed.error?.issues ?? []) mistakes.push(`${path.map(String).join('/')}: ${message}`)
  mistakes.push(...contradictions(given), ...adminContradictions(given, issuersIn(given)))
  const nats = readNatsEnvironment(env)
  if (!nats.ok) mistakes.push(...nats.mistakes)
  if (!parsed.success || !nats.ok || mistakes.length > 0) return { ok: false, mistakes }
  return { ok: true, config: toConfig(parsed.data, nats.options) }
}

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

/** What no single variable can show. */
function* contradictions(given: Readonly<Record<string, string>>): Generator<string> {
  const host = given.RESCIND_HOST ?? '127.0.0.1'
  if (!isLoopback(host) && (given.RESCIND_KEYS === undefined || given.RESCIND_KEYS.replace(/\s/g, '') === '[]')) {
    if (given.RESCIND_ADMIN_ISSUER === undefined) {
      yield `RESCIND_KEYS: is required, because others than this machine reach ${host}; make a key with --new-key, or let admins sign on with RESCIND_ADMIN_ISSUER`
    }
  }
  const single = ['RESCIND_ISSUER', 'RESCIND_MAX_EXPIRY', 'RESCIND_MAX_SESSION', 'RESCIND_CLOCK_SKEW', 'RESCIND_LEEWAY']
  const stated = single.filter((name) => given[name] !== undefined)
  if (given.RESCIND_ISSUERS !== undefined) {
    for (const name of stated) yield `${name}: give this or RESCIND_ISSUERS, not both`
    return
  }
  if (stated.length === 0) yield 'RESCIND_ISSUERS: is required, or RESCIND_ISSUER with RESCIND_MAX_EXPIRY'
  for (const name of stated.length === 0 ? [] : ['RESCIND_ISSUER', 'RESCIND_MAX_EXPIRY']) {
    if (given[name] === undefined) yield `${name}: is required beside ${stated.join(', ')}`
  }
}

/** The configured issuers, whatever else is wrong; undefined if they are. */
function issuersIn(given: Readonly<Record<string, string>>): readonly string[] | undefined {
  if (given.RESCIND_ISSUERS === undefined)
    return given.RESCIND_ISSUER === undefined ? undefined : [given.RESCIND_ISSUER]
  const { data } = VARIABLES.shape.RESCIND_ISSUERS.safeParse(given.RESCIND_ISSUERS)
  return data?.map(({ iss }) => iss)
}

function toConfig(given: Variables, nats: NatsLogOptions): ProcessConfig {
  const admin = toAdmin(given)
  return {
    publisher: {
      host: given.RESCIND_HOST,
      port: given.RESCIND_PORT,
      issuers: given.RESCIND_ISSUERS?.map(toPolicy) ?? [singleIssuer(given)],
      keys: given.RESCIND_KEYS ?? [],
      ...(admin && { admin }),
      rateLimit: given.RESCIND_RATE_LIMIT,
      storeDir: given.RESCIND_STORE_DIR,
      retainMs: given.RESCIND_RETENTION,
      auditKeptMs: given.RESCIND_AUDIT_RETENTION,
      ...(given.RESCIND_TRUSTED_PROXIES && { trustedProxies: given.RESCIND_TRUSTED_PROXIES }),
      shutdownDelayMs: given.RESCIND_SHUTDOWN_DELAY_MS,
    },
    nats: toNats(given, nats),
    logLevel: given.RESCIND_LOG_LEVEL,
    ...(given.RESCIND_LOG_HASH_KEY !== undefined && { logHashKey: given.RESCIND_LOG_HASH_KEY }),
  }
}

function toNats(given: Variables, nats: NatsLogOptions): NatsPublisherLogOptions {
  return {
    inboxPrefix: INBOX_PREFIX,
    ...nats,
    ...(given.RESCIND_STREAM_REPLICAS !== undefined && { replicas: given.RESCIND_STREAM_REPLICAS }),
    ...(given.RESCIND_STREAM_MAX_BYTES !== undefined && { maxBytes: given.RESCIND_STREAM_MAX_BYTES }),
  }
}

type IssuerVariables = NonNullable<Variables['RESCIND_ISSUERS']>[number]

function singleIssuer(given: Variables): IssuerPolicy {
  return toPolicy({
    iss: given.RESCIND_ISSUER ?? '',
    maxExpiry: given.RESCIND_MAX_EXPIRY ?? 0,
    maxSession: given.RESCIND_MAX_SESSION,
    clockSkew: given.RESCIND_CLOCK_SKEW,
    leeway: given.RESCIND_LEEWAY,
  })
}

function toPolicy(issuer: IssuerVariables): IssuerPolicy {
  return {
    iss: issuer.iss,
    maxExpiryMs: issuer.maxExpiry,
    maxSessionMs: issuer.maxSession ?? limits.DEFAULT_MAX_SESSION_MS,
    clockSkewMs: issuer.clockSkew ?? 0,
    leewayMs: issuer.leeway ?? limits.DEFAULT_LEEWAY_MS,
  }
}

const SECRETS: ReadonlySet<string> = new Set(['password', 'token', 'nkeySeed', 'creds', 'logHashKey'])

/** The configuration as JSON for people, without its secrets. Key hashes stay: they cannot be used. */
export function printConfig(config: ProcessConfig): string {
  return JSON.stringify(config, (name, value) => (SECRETS.has(name) ? '[redacted]' : redactUrls(name, value)), 2)
}

function redactUrls(name: string, value: unknown): unknown {
  if (name !== 'servers' || !Array.isArray(value)) return value
  return value.map((server: string) => server.replace(/\/\/[^@/]*@/, '//[redacted]@'))
}
