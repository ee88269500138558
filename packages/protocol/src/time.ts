import { MAX_TIME_MS } from './limits.ts'

/**
 * Between the three ways of writing an instant: integer milliseconds (inside and on the wire), RFC 3339 in UTC (HTTP),
 * and NumericDate seconds (claims, RFC 7519 section 2). No other file converts.
 */

const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})$/

/**
 * Reads an RFC 3339 date-time with a zone; digits below the millisecond are rounded up, so that a cutoff never cuts
 * less than was asked. Returns undefined for anything else: no zone, a day or an hour that does not exist, a leap
 * second. Nothing about the text is trusted but its length, which the caller bounds.
 */
export function parseRfc3339(text: string): number | undefined {
  const parts = RFC_3339.exec(text)
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = parts
  const upToSeconds = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const utc = Date.parse(`${upToSeconds}Z`)
  // Date.parse rolls 30 February over into March, so the text must come back unchanged.
  if (!Number.isFinite(utc) || new Date(utc).toISOString().slice(0, 19) !== upToSeconds) return undefined
  const offset = zoneOffsetMs(zone.toUpperCase())
  if (offset === undefined) return undefined
  return utc - offset + roundUpToMs(fraction)
}

/** In digits, not in floating point: .001 is one millisecond, .0010000000000000000001 is two. */
function roundUpToMs(fraction: string): number {
  return Number(fraction.slice(0, 3).padEnd(3, '0')) + (/[1-9]/.test(fraction.slice(3)) ? 1 : 0)
}

function zoneOffsetMs(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4, 6))
  if (hours > 23 || minutes > 59) return undefined
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

/** Writes integer milliseconds as RFC 3339 in UTC with milliseconds. Input must be within 0 and `MAX_TIME_MS`. */
export function formatRfc3339(ms: number): string {
  return new Date(ms).toISOString()
}

/** NumericDate seconds, possibly with a fraction, to milliseconds, possibly with a fraction. */
export function numericDateToMs(seconds: number): number {
  return seconds * 1000
}

/** The whole second, as NumericDate, in which an instant lies. */
export function msToNumericDate(ms: number): number {
  return Math.floor(ms / 1000)
}

/** True for an integer number of milliseconds between 1970 and the year 9999. */
export function isTimeMs(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TIME_MS
}
