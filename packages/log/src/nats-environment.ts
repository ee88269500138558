import { accessSync, constants } from 'node:fs'
import { isRescindError, RescindError } from '@rescind/protocol'
import { type NatsAccess, type NatsLogOptions, type NatsTls, natsSettings } from './nats-options.ts'
import { DEFAULT_PREFIX, importedSubjects, subjectsBelow } from './nats-subjects.ts'
import { type Environment, withFiles } from './secret-files.ts'

/** Either the options of `natsLog`, or one line for each mistake: the variable's name, a colon, and what to do. */
export type ReadNatsEnvironment =
  | { readonly ok: true; readonly options: NatsLogOptions }
  | { readonly ok: false; readonly mistakes: readonly string[] }

/** What can be given as `NAME_FILE`, the path of a file with the content. */
const SECRETS = ['NATS_PASSWORD', 'NATS_TOKEN', 'NATS_NKEY', 'NATS_CREDS'] as const

const TLS_FILES = ['NATS_TLS_CA_FILE', 'NATS_TLS_CERT_FILE', 'NATS_TLS_KEY_FILE'] as const

/** The ways to authenticate, of which one is enough. */
const LOGINS = ['NATS_USER', 'NATS_TOKEN', 'NATS_NKEY', 'NATS_CREDS'] as const

/** Which variable an option of `natsLog` came from. */
const VARIABLES: Readonly<Record<string, string>> = {
  stream: 'RESCIND_STREAM',
  inboxPrefix: 'NATS_INBOX_PREFIX',
  nkeySeed: 'NATS_NKEY',
  creds: 'NATS_CREDS',
}

const PREFIX = /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/

type Given = Readonly<Record<string, string>>

/**
 * Reads where the log is from the environment of a service: `NATS_URL`, `NATS_USER` with `NATS_PASSWORD`, `NATS_TOKEN`,
 * `NATS_NKEY` (a seed) or `NATS_CREDS` (content), `NATS_TLS`, `NATS_TLS_CA_FILE`, `NATS_TLS_CERT_FILE` with
 * `NATS_TLS_KEY_FILE`, `NATS_INBOX_PREFIX`, `RESCIND_STREAM`, `RESCIND_SUBJECT_PREFIX` and `RESCIND_IMPORTED`. A secret can
 * be given as `NAME_FILE`; an empty variable counts as absent, and the rest of `env` is not looked at. All mistakes at once.
 */
export function readNatsEnvironment(env: Environment): ReadNatsEnvironment {
  const mistakes: string[] = []
  const given = withFiles(env, SECRETS, mistakes)
  const options = optionsOf(given)
  mistakes.push(...contradictions(given), ...unusable(given), ...refusals(options))
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, options }
}

/**
 * As {@link readNatsEnvironment}, for a service that reads no other variables: `natsLog(natsOptionsFrom(process.env))`.
 * `ERR_INVALID_OPTION` with all mistakes.
 */
export function natsOptionsFrom(env: Environment): NatsLogOptions {
  const read = readNatsEnvironment(env)
  if (read.ok) return read.options
  const mistakes = read.mistakes.map((mistake) => {
    const [name = '', ...rest] = mistake.split(': ')
    return { pointer: `/${name}`, code: 'invalid_option', detail: rest.join(': ') }
  })
  throw new RescindError('ERR_INVALID_OPTION', read.mistakes.join('; '), { mistakes })
}

/** What no single variable can show. */
function* contradictions(given: Given): Generator<string> {
  const logins = loginsIn(given)
  if (logins.length > 1) yield `${logins.join(', ')}: are several ways to authenticate; give one`
  const together = [
    ['NATS_USER', 'NATS_PASSWORD'],
    ['NATS_TLS_CERT_FILE', 'NATS_TLS_KEY_FILE'],
    ['NATS_TLS_KEY_FILE', 'NATS_TLS_CERT_FILE'],
  ] as const
  for (const [needed, beside] of together) {
    if (given[beside] !== undefined && given[needed] === undefined) yield `${needed}: is required beside ${beside}`
  }
  const files = TLS_FILES.filter((name) => given[name] !== undefined)
  if (given.NATS_TLS === 'false' && files.length > 0) yield `NATS_TLS: is false, and ${files.join(', ')} given`
}

/** Variables that are no options by themselves. */
function* unusable(given: Given): Generator<string> {
  for (const name of ['NATS_TLS', 'RESCIND_IMPORTED'] as const) {
    if (![undefined, 'true', 'false'].includes(given[name])) yield `${name}: must be true or false`
  }
  if (given.NATS_URL?.split(',').some((server) => server.trim() === '')) {
    yield 'NATS_URL: must be a list of servers with commas, without empty items'
  }
  if (!PREFIX.test(given.RESCIND_SUBJECT_PREFIX ?? DEFAULT_PREFIX)) {
    yield 'RESCIND_SUBJECT_PREFIX: must be names of A-Z a-z 0-9 _ - with dots'
  }
  for (const name of TLS_FILES) {
    const path = given[name]
    const trouble = path === undefined ? undefined : unreadable(path)
    if (trouble !== undefined) yield `${name}: ${path} cannot be read: ${trouble}`
  }
}

function unreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

function optionsOf(given: Given): NatsLogOptions {
  const { NATS_URL = 'nats://127.0.0.1:4222', NATS_INBOX_PREFIX: inboxPrefix, RESCIND_STREAM: stream } = given
  const subjects = subjectsOf(given)
  const tls = tlsOf(given)
  return {
    servers: NATS_URL.split(',').map((server) => server.trim()),
    ...accessOf(given),
    ...(tls && { tls }),
    ...(inboxPrefix !== undefined && { inboxPrefix }),
    ...(stream !== undefined && { stream }),
    ...(subjects && { subjects }),
  }
}

/** One login, or none where several contradict each other. */
function accessOf(given: Given): NatsAccess {
  if (loginsIn(given).length > 1) return {}
  const { NATS_USER: user, NATS_PASSWORD: password } = given
  const { NATS_TOKEN: token, NATS_NKEY: nkeySeed, NATS_CREDS: creds } = given
  const access = { user, password, token, nkeySeed, creds }
  return Object.fromEntries(Object.entries(access).filter(([, value]) => value !== undefined))
}

function loginsIn(given: Given): readonly string[] {
  return LOGINS.filter((name) => given[name] !== undefined)
}

function tlsOf(given: Given): NatsTls | undefined {
  const { NATS_TLS_CA_FILE: caFile, NATS_TLS_CERT_FILE: certFile, NATS_TLS_KEY_FILE: keyFile } = given
  const files = {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  }
  return given.NATS_TLS === 'true' || Object.keys(files).length > 0 ? files : undefined
}

function subjectsOf({ RESCIND_SUBJECT_PREFIX: prefix, RESCIND_IMPORTED: imported }: Given) {
  if (imported === 'true') return importedSubjects(prefix ?? DEFAULT_PREFIX)
  return prefix === undefined ? undefined : subjectsBelow(prefix)
}

/** What `natsLog` would refuse, in terms of variables. Servers and subjects have been looked at before. */
function refusals(options: NatsLogOptions): readonly string[] {
  try {
    natsSettings(options)
    return []
  } catch (error) {
    if (!isRescindError(error)) throw error
    return error.mistakes.flatMap(({ pointer, detail }) => {
      const variable = VARIABLES[pointer.slice(1)]
      const must = detail.replace(/^is /, 'must be ').replace(/^holds /, 'must hold ')
      return variable === undefined ? [] : [`${variable}: ${must}`]
    })
  }
}
