/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the demo issuer needs to know, checked. */
export interface Config {
  /** Address to listen on. */
  readonly host: string
  /** Port to listen on; 0 takes a free one. */
  readonly port: number
  /** The exact `iss` of its tokens. */
  readonly issuer: string
  /** Their `aud`. */
  readonly audience: string
  readonly logLevel: string
}

/** Either the configuration, or one line for each mistake. */
export type ReadConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly mistakes: readonly string[] }

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Reads the configuration and reports all mistakes at once. An empty variable counts as absent. */
export function readConfig(env: Environment): ReadConfig {
  const port = env.RESCIND_PORT || '8082'
  const config: Config = {
    host: env.RESCIND_HOST || '127.0.0.1',
    port: Number(port),
    issuer: env.RESCIND_ISSUER || 'https://demo-issuer.example',
    audience: env.RESCIND_AUDIENCE || 'demo-api',
    logLevel: env.RESCIND_LOG_LEVEL || 'info',
  }
  const mistakes: string[] = []
  if (!/^\d{1,5}$/.test(port) || config.port > 65_535) {
    mistakes.push('RESCIND_PORT: must be a whole number from 0 to 65535')
  }
  if (!LEVELS.includes(config.logLevel)) mistakes.push(`RESCIND_LOG_LEVEL: must be one of ${LEVELS.join(', ')}`)
  return mistakes.length === 0 ? { ok: true, config } : { ok: false, mistakes }
}
