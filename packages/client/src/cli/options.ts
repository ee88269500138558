import { limits, REASONS } from '@rescind/protocol'

/** One option of the command line. */
export interface Option {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  readonly short?: string
  /** What `--help` calls its value. */
  readonly value?: string
  readonly help: string
}

/** Every option that some command takes. There is none for a key: it would show in `ps`. */
export const OPTIONS = {
  iss: { type: 'string', value: 'ISSUER', help: 'the exact iss of the tokens; needed where the publisher has several' },
  reason: { type: 'string', value: 'REASON', help: REASONS.join(', ') },
  mode: {
    type: 'string',
    value: 'MODE',
    help: 'cutoff: tokens issued so far; block: every matching token, whenever issued',
  },
  before: {
    type: 'string',
    value: 'TIME',
    help: 'cutoff at this time: now (the default), 2026-01-31T12:00:00Z, epoch seconds, or 15m (ago)',
  },
  until: { type: 'string', value: 'TIME', help: 'how long a block lasts: 2026-01-31T12:00:00Z, epoch seconds, or 7d' },
  'except-sid': { type: 'string', multiple: true, value: 'ID', help: 'a session that goes on; may be repeated' },
  'except-jti': { type: 'string', multiple: true, value: 'ID', help: 'a token that goes on; may be repeated' },
  note: { type: 'string', value: 'TEXT', help: `kept by publishers, at most ${limits.MAX_NOTE_LENGTH} characters` },
  'on-behalf-of': { type: 'string', value: 'WHO', help: 'for whom you act; kept beside your own name' },
  confirm: { type: 'string', value: 'ISSUER', help: 'the issuer once more, for what reaches many tokens' },
  'idempotency-key': { type: 'string', value: 'KEY', help: 'to repeat an earlier call: it takes effect once' },
  'dry-run': { type: 'boolean', help: 'show what it would do, and record nothing' },
  yes: { type: 'boolean', short: 'y', help: 'do not ask; what reaches many tokens wants --iss beside it' },
  wait: {
    type: 'string',
    value: 'all|N',
    help: 'wait until every replica that counts has confirmed, and at least N; as --wait or --wait=N',
  },
  timeout: {
    type: 'string',
    value: '5s',
    help: 'how long --wait waits (2s, at most 30s), else one answer may take (10s)',
  },
  all: { type: 'boolean', help: 'lift everything that stands on the same issuer, match and mode' },
  actor: { type: 'string', value: 'WHO', help: 'only what this principal revoked' },
  from: { type: 'string', value: 'TIME', help: 'recorded at or after this time; 24h is a day ago' },
  to: { type: 'string', value: 'TIME', help: 'recorded before this time' },
  state: { type: 'string', value: 'STATE', help: 'live, lifted or expired' },
  limit: { type: 'string', value: 'N|all', help: 'at most so many (100)' },
  since: { type: 'string', value: 'CURSOR', help: 'begin after this event of an earlier watch' },
  rejects: { type: 'string', value: 'FILE', help: 'where to write the lines that were refused, as NDJSON' },
  url: { type: 'string', value: 'URL', help: 'the publisher, instead of RESCIND_URL' },
  output: { type: 'string', short: 'o', value: 'FORMAT', help: 'table (the default), json or ndjson' },
  quiet: { type: 'boolean', short: 'q', help: 'ids alone on stdout, and only errors on stderr' },
  'no-color': { type: 'boolean', help: 'no colours, as with NO_COLOR' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const satisfies Record<string, Option>

/** The name of an option. */
export type OptionName = keyof typeof OPTIONS

/** Options that every command takes. */
export const COMMON: readonly OptionName[] = ['url', 'output', 'quiet', 'no-color', 'timeout', 'help']

/** Options as they were given. */
export type Given = {
  readonly [K in OptionName]?: (typeof OPTIONS)[K] extends { multiple: true }
    ? readonly string[]
    : (typeof OPTIONS)[K]['type'] extends 'boolean'
      ? boolean
      : string
}
