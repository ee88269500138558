import { type DestinationStream, type Logger, pino } from 'pino'
import { type ShortHash, shortHash } from './short-hash.ts'

/** What never stands in a line, in whatever form: whoever has it is somebody else. */
const SECRETS = ['authorization', 'cookie', 'key', 'password', 'creds', 'nkeySeed', 'hashKey']

/** What says who somebody is: stands in a line as its short hash. */
const SUBJECTS = ['token', 'sub', 'jti', 'sid', 'match', 'claims', 'payload', 'except', 'email', 'subject']

/** Three parts of base64url, the first of which is the beginning of a JSON object; the third is empty without a signature. */
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g
/** A static key of the publisher. */
const STATIC_KEY = /\brsk_[\w-]+/g

/** What {@link serviceLogger} is made with. */
export interface ServiceLoggerOptions {
  /** Who writes, as `name` in each line. */
  readonly name: string
  /** `fatal` to `trace`, or `silent`. */
  readonly level: string
  /** Of the short hashes; see {@link shortHash}. */
  readonly hashKey?: string
  /** Default: standard output. */
  readonly destination?: DestinationStream
}

/**
 * JSON lines in which no credential stands, and a token or a subject only as a short keyed hash. By name, wherever a field
 * bears one of these names, down to the third level; requests without their query and headers; and, whatever wrote it,
 * what looks like a JWT or a static key is replaced in the finished line.
 */
export function serviceLogger({ name, level, hashKey, destination }: ServiceLoggerOptions): Logger {
  const hash = shortHash(hashKey)
  const named = [...SECRETS, ...SUBJECTS]
  const paths = named.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
  const censor = (value: unknown, path: readonly string[]) => {
    // It is asked about every field that is not there, too: thirty hashes in a line with one nested object.
    if (value === undefined) return undefined
    return SECRETS.includes(path.at(-1) ?? '') ? '[redacted]' : hash(value)
  }
  const options = {
    name,
    level,
    redact: { paths, censor },
    serializers: { req: describeRequest },
    hooks: { streamWrite: (line: string) => withoutTokens(line, hash) },
  }
  return destination ? pino(options, destination) : pino(options)
}

/** A line in which tokens and static keys, wherever they stand, are short hashes. */
function withoutTokens(line: string, hash: ShortHash): string {
  return line.replace(JWT, hash).replace(STATIC_KEY, '[redacted]')
}

interface RequestLike {
  readonly method?: string
  readonly routeOptions?: { readonly url?: string | undefined }
}

/** Which call it is. Not the path that was asked for, nor the query: who knows what somebody puts there. */
function describeRequest({ method, routeOptions }: RequestLike): object {
  return { method, route: routeOptions?.url }
}
