const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads a duration as people write it (`500ms`, `90s`, `15m`, `1h`, `30d`) into milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const parts = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text)
  const unit = UNITS[parts?.[2] ?? '']
  return unit === undefined ? undefined : Number(parts?.[1]) * unit
}
