import { type DestinationStream, type Logger, pino } from 'pino'

/** Whatever could hold a credential, wherever a log line might name it. */
const SECRETS = ['authorization', 'key', 'token', 'password', 'creds', 'nkeySeed']

/** JSON lines on standard output, or to `destination`. No key and no token ever stands in one. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  const options = { name: 'publisher', level, redact: { paths, censor: '[redacted]' } }
  return destination ? pino(options, destination) : pino(options)
}
