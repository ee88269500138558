import { limits } from '@rescind/protocol'
import { encodeDescription } from './log-identity.ts'
import type { NatsSettings } from './nats-options.ts'
import type { LogIdentity } from './revocation-log.ts'

const NANOSECONDS_PER_MS = 1_000_000
const DUPLICATE_WINDOW_NS = limits.DUPLICATE_WINDOW_MS * NANOSECONDS_PER_MS

/** A stream's configuration as JetStream's JSON has it; of one that exists, nothing is trusted. */
export type StreamConfig = Record<string, unknown>

/** The stream as Rescind makes it. Each setting that matters stands in `rulesFor` with its reason. */
export function wantedConfig(settings: NatsSettings, identity: LogIdentity, maxAgeMs: number): StreamConfig {
  const { stream, subjects, replicas, maxBytes } = settings
  return {
    name: stream,
    description: encodeDescription(identity),
    subjects: [subjects.log],
    retention: 'limits',
    storage: 'file',
    discard: 'new',
    max_bytes: maxBytes,
    max_age: maxAgeMs * NANOSECONDS_PER_MS,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: limits.MAX_MESSAGE_BYTES,
    max_consumers: -1,
    num_replicas: replicas,
    duplicate_window: DUPLICATE_WINDOW_NS,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
    republish: { src: subjects.log, dest: subjects.live },
  }
}

/** How long a stream keeps a frame, in milliseconds; 0: for ever. */
export function maxAgeMsOf({ max_age: age }: StreamConfig): number {
  return Math.max(0, Number(age ?? 0)) / NANOSECONDS_PER_MS
}

/**
 * The same configuration with another `max_age`. Whoever made that shorter had to shorten `duplicate_window` with it: the
 * server demands it. It grows back with it.
 */
export function withMaxAge(config: StreamConfig, maxAgeMs: number): StreamConfig {
  const window = Math.max(Number(config.duplicate_window ?? 0), DUPLICATE_WINDOW_NS)
  return { ...config, max_age: Math.round(maxAgeMs * NANOSECONDS_PER_MS), duplicate_window: window }
}

interface Rule {
  readonly field: string
  /** What the setting must be, as an operator would write it. */
  readonly must: string
  /** What happens otherwise. */
  readonly else: string
  readonly holds: (config: StreamConfig) => boolean
}

/** Every setting that could lose, hide or alter a fact if it were another. */
function rulesFor({ subjects, replicas }: NatsSettings): readonly Rule[] {
  const is = (field: string, value: unknown) => (config: StreamConfig) => config[field] === value
  const off = (field: string) => (config: StreamConfig) => !config[field] || isEmptyList(config[field])
  const unlimited = (field: string) => (config: StreamConfig) => Number(config[field] ?? 0) <= 0
  const atLeast = (field: string, least: number) => (config: StreamConfig) => Number(config[field]) >= least
  const forgets = 'facts are forgotten while tokens live'
  return [
    {
      field: 'storage',
      must: '"file"',
      else: 'a restart of the broker forgets every fact',
      holds: is('storage', 'file'),
    },
    { field: 'retention', must: '"limits"', else: forgets, holds: is('retention', 'limits') },
    { field: 'discard', must: '"new"', else: 'a full stream drops its oldest facts', holds: is('discard', 'new') },
    { field: 'max_msgs', must: '-1', else: forgets, holds: unlimited('max_msgs') },
    { field: 'max_msgs_per_subject', must: '-1', else: forgets, holds: unlimited('max_msgs_per_subject') },
    {
      field: 'max_bytes',
      must: 'a positive number',
      else: 'the log fills the disk of the broker',
      holds: atLeast('max_bytes', 1),
    },
    {
      field: 'max_msg_size',
      must: `-1 or at least ${limits.MAX_MESSAGE_BYTES}`,
      else: 'large frames are refused',
      holds: (config) => unlimited('max_msg_size')(config) || atLeast('max_msg_size', limits.MAX_MESSAGE_BYTES)(config),
    },
    {
      field: 'num_replicas',
      must: `at least ${replicas}`,
      else: 'it survives fewer failures than the publisher was told',
      holds: atLeast('num_replicas', replicas),
    },
    {
      field: 'subjects',
      must: JSON.stringify([subjects.log]),
      else: 'messages that are no frames get into the log',
      holds: ({ subjects: actual }) => Array.isArray(actual) && actual.length === 1 && actual[0] === subjects.log,
    },
    { field: 'deny_delete', must: 'true', else: 'frames can be deleted', holds: is('deny_delete', true) },
    { field: 'deny_purge', must: 'true', else: 'the log can be emptied', holds: is('deny_purge', true) },
    { field: 'allow_direct', must: 'true', else: 'replicas cannot read frames', holds: is('allow_direct', true) },
    {
      field: 'republish',
      must: JSON.stringify({ src: subjects.log, dest: subjects.live }),
      else: 'replicas are not told of new facts',
      holds: ({ republish }) => isRepublish(republish, subjects),
    },
    {
      field: 'duplicate_window',
      must: `at least ${DUPLICATE_WINDOW_NS} (nanoseconds)`,
      else: 'a retried append is stored twice',
      holds: atLeast('duplicate_window', DUPLICATE_WINDOW_NS),
    },
    { field: 'mirror', must: 'absent', else: 'nothing can be appended', holds: off('mirror') },
    { field: 'sources', must: 'absent', else: 'foreign messages get into the log', holds: off('sources') },
    { field: 'sealed', must: 'false', else: 'nothing can be appended', holds: off('sealed') },
    { field: 'no_ack', must: 'false', else: 'a publisher never learns what is stored', holds: off('no_ack') },
    {
      field: 'allow_rollup_hdrs',
      must: 'false',
      else: 'one message can empty the log',
      holds: off('allow_rollup_hdrs'),
    },
    { field: 'allow_msg_ttl', must: 'false', else: 'frames can expire by themselves', holds: off('allow_msg_ttl') },
    { field: 'subject_transform', must: 'absent', else: 'frames move elsewhere', holds: off('subject_transform') },
    { field: 'allow_msg_counter', must: 'false', else: 'frames are altered', holds: off('allow_msg_counter') },
    {
      field: 'persist_mode',
      must: 'absent or "default"',
      else: 'what is acknowledged may not be on disk',
      holds: ({ persist_mode: mode }) => mode === undefined || mode === '' || mode === 'default',
    },
  ]
}

/** Names each dangerous difference between a stream and what Rescind needs: one sentence each, with what to do. */
export function dangerousDifferences(settings: NatsSettings, actual: StreamConfig): string[] {
  const broken = rulesFor(settings).filter((rule) => !rule.holds(actual))
  return broken.map(({ field, must, else: otherwise }) => {
    const found = actual[field] === undefined ? 'absent' : JSON.stringify(actual[field])
    return `${field} is ${found} and must be ${must} (else ${otherwise})`
  })
}

function isRepublish(value: unknown, subjects: { readonly log: string; readonly live: string }): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { src, dest, headers_only: headersOnly } = value as Record<string, unknown>
  return dest === subjects.live && [undefined, '', '>', subjects.log].includes(src as string) && !headersOnly
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
