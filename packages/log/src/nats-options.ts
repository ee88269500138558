import { limits, RescindError } from '@rescind/protocol'
import { publicNkey } from './nats-nkey.ts'
import { DEFAULT_PREFIX, subjectsBelow } from './nats-subjects.ts'

/** Subjects that the log uses, for accounts that import them under other names. Absent ones take their default. */
export interface NatsSubjects {
  /** Where frames are appended; only publishers use it. Default `rescind.log`. */
  readonly log?: string
  /** Where the stream broadcasts what it has stored. Default `rescind.live`. */
  readonly live?: string
  /** Replicas say how they are on `<presence>.<name>`. Default `rescind.presence`. */
  readonly presence?: string
  /** Where publishers ask replicas what they have applied. Default `rescind.barrier`. */
  readonly barrier?: string
  /** Where the stream's leader is asked for the head. Default `$JS.API.STREAM.INFO.<stream>`. */
  readonly info?: string
  /** Where frames are read by sequence. Default `$JS.API.DIRECT.GET.<stream>`. */
  readonly frame?: string
  /** Where publishers ask for the broker's time. Default `rescind.clock`. */
  readonly clock?: string
  /** Where a publisher creates the stream. Default `$JS.API.STREAM.CREATE.<stream>`. */
  readonly create?: string
  /** Where a publisher gives the stream a new epoch. Default `$JS.API.STREAM.UPDATE.<stream>`. */
  readonly update?: string
}

/** TLS of the connection to NATS, by content or by path, in PEM. `{}` demands TLS with the system's authorities. */
export interface NatsTls {
  readonly ca?: string
  readonly caFile?: string
  readonly cert?: string
  readonly certFile?: string
  readonly key?: string
  readonly keyFile?: string
  /** True for servers that begin with TLS, without a greeting before it. Default false. */
  readonly handshakeFirst?: boolean
}

/** Options of `natsLog`. At most one way to authenticate; a `user:password@` in a server's URL is one, too. */
export interface NatsLogOptions {
  /** One or more servers of one cluster: `nats://host:4222`. */
  readonly servers: string | readonly string[]
  /** Name of the stream; default `RESCIND`. */
  readonly stream?: string
  readonly subjects?: NatsSubjects
  /**
   * What the subjects begin with on which answers come, for users who may listen to that alone. Default
   * `_INBOX_<name>`, with the name of the connection.
   */
  readonly inboxPrefix?: string | undefined
  readonly user?: string | undefined
  /** With `user`. */
  readonly password?: string | undefined
  readonly token?: string | undefined
  /** Seed of an nkey (`SU…`). */
  readonly nkeySeed?: string | undefined
  /** Content of a `.creds` file. */
  readonly creds?: string | undefined
  readonly tls?: NatsTls
  /** Longest wait for one answer in milliseconds; 100 to 60,000, default 2,000. */
  readonly requestTimeoutMs?: number
}

/** Options of `natsPublisherLog`. */
export interface NatsPublisherLogOptions extends NatsLogOptions {
  /** Copies of the stream that a new one is made with: 1, 3 or 5, default 1. An existing one may have more, not fewer. */
  readonly replicas?: 1 | 3 | 5
  /** Size cap in bytes that a new stream is made with; 1 MiB to 1 TiB, default 1 GiB. An existing one keeps its own. */
  readonly maxBytes?: number
}

/** Options with every default in its place, and nothing invalid. */
export interface NatsSettings {
  readonly servers: readonly string[]
  readonly stream: string
  readonly subjects: Required<NatsSubjects>
  readonly inboxPrefix: string | undefined
  readonly requestTimeoutMs: number
  readonly replicas: number
  readonly maxBytes: number
  readonly access: NatsAccess
}

/** How to authenticate and encrypt. */
export type NatsAccess = Pick<NatsLogOptions, 'user' | 'password' | 'token' | 'nkeySeed' | 'creds' | 'tls'>

const MIB = 1024 * 1024

/** Fills in the defaults; `ERR_INVALID_OPTION` lists everything that is wrong. */
export function natsSettings(options: NatsPublisherLogOptions): NatsSettings {
  const { stream = 'RESCIND', requestTimeoutMs = limits.DEFAULT_REQUEST_TIMEOUT_MS, replicas = 1 } = options
  const { maxBytes = limits.DEFAULT_STREAM_BYTES } = options
  const subjects = {
    ...subjectsBelow(DEFAULT_PREFIX),
    info: `$JS.API.STREAM.INFO.${stream}`,
    frame: `$JS.API.DIRECT.GET.${stream}`,
    create: `$JS.API.STREAM.CREATE.${stream}`,
    update: `$JS.API.STREAM.UPDATE.${stream}`,
    ...options.subjects,
  }
  const given = typeof options.servers === 'string' ? options.servers.split(',') : [...(options.servers ?? [])]
  const { servers, login } = withoutLogin(given.map((server) => server.trim()))
  const { user, password, token, nkeySeed, creds, tls, inboxPrefix } = options
  const access = { ...definedOf({ user, password, token, nkeySeed, creds, tls }), ...login }
  refuse({
    servers: servers.length === 0 ? 'names at least one server, such as nats://127.0.0.1:4222' : undefined,
    stream: /^[A-Za-z0-9_-]{1,64}$/.test(stream) ? undefined : 'is 1 to 64 of A-Z a-z 0-9 _ -',
    subjects: Object.values(subjects).every(isSubject) ? undefined : 'hold no spaces, wildcards or empty parts',
    inboxPrefix: isSubject(inboxPrefix ?? '_INBOX') ? undefined : 'holds no spaces, wildcards or empty parts',
    requestTimeoutMs: within(requestTimeoutMs, 100, 60_000),
    replicas: [1, 3, 5].includes(replicas) ? undefined : 'is 1, 3 or 5',
    maxBytes: within(maxBytes, MIB, MIB * MIB),
    nkeySeed: nkeySeed === undefined || isSeed(nkeySeed) ? undefined : 'is the seed of a user (SU…)',
    creds:
      [access.user, token, nkeySeed, creds].filter(Boolean).length > 1
        ? 'is one of several ways to authenticate: give only one of user, token, nkeySeed and creds'
        : credsTrouble(creds),
  })
  return { servers, stream, subjects, inboxPrefix, requestTimeoutMs, replicas, maxBytes, access }
}

/** The client ignores a login in the URL, where people are used to write it. */
function withoutLogin(servers: readonly string[]): { servers: string[]; login: { user?: string; password?: string } } {
  let login = {}
  const bare = servers.filter(Boolean).map((server) => {
    const [, scheme = '', user, password, rest] = /^(\w+:\/\/)?([^:@/]+)(?::([^@]*))?@(.+)$/.exec(server) ?? []
    if (!user || !rest) return server
    login = password === undefined ? { token: decode(user) } : { user: decode(user), password: decode(password) }
    return scheme + rest
  })
  return { servers: bare, login }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function definedOf(fields: { [K in keyof NatsAccess]: NatsAccess[K] | undefined }): NatsAccess {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function isSubject(subject: string): boolean {
  return /^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject)
}

function isSeed(text: string): boolean {
  try {
    publicNkey(text)
    return true
  } catch {
    return false
  }
}

/** The client would seek a broker for ever with something that is no credential. */
function credsTrouble(creds: string | undefined): string | undefined {
  if (creds === undefined) return undefined
  const parts = ['NATS USER JWT', 'USER NKEY SEED'].map((part) => `-----BEGIN ${part}-----`)
  return parts.every((part) => creds.includes(part)) ? undefined : 'is the content of a .creds file'
}

function within(value: number, least: number, most: number): string | undefined {
  return Number.isSafeInteger(value) && value >= least && value <= most ? undefined : `is ${least} to ${most}`
}

function refuse(findings: Record<string, string | undefined>): void {
  const wrong = Object.entries(findings).filter((finding): finding is [string, string] => finding[1] !== undefined)
  if (wrong.length === 0) return
  const mistakes = wrong.map(([name, detail]) => ({ pointer: `/${name}`, code: 'invalid_option', detail }))
  const sentence = wrong.map(([name, detail]) => `${name} ${detail}`).join('; ')
  throw new RescindError('ERR_INVALID_OPTION', sentence, { mistakes })
}
