import { formatRfc3339, isTimeMs, parseRfc3339 } from '@rescind/protocol'
import { usageFailure } from './failure.ts'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `500ms`, `5s`, `15m`, `1h`, `30d` in milliseconds; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const factor = UNITS[unit]
  return factor === undefined ? undefined : Number(digits) * factor
}

/** A time as a person gives it, as RFC 3339: RFC 3339 itself, epoch seconds, or a duration counted from `nowMs` on. */
export function timeOf(option: string, text: string, nowMs: number, direction: 'ago' | 'ahead'): string {
  if (text.length <= 64 && parseRfc3339(text) !== undefined) return text
  if (/^\d{9,10}$/.test(text)) return formatRfc3339(Number(text) * 1_000)
  const span = durationMs(text)
  const ms = span === undefined ? undefined : nowMs + (direction === 'ago' ? -span : span)
  if (isTimeMs(ms)) return formatRfc3339(ms)
  const example = direction === 'ago' ? '15m (ago)' : '7d (from now)'
  throw usageFailure(
    `${option}: give a time with its zone, such as 2026-01-31T12:00:00Z, seconds since 1970, or a duration such as ${example}`,
  )
}
