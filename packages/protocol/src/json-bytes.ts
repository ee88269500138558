/**
 * Parses JSON in UTF-8, of which nothing is trusted; throws for anything else. Ill-formed UTF-8 is refused, not
 * replaced: two claim values that differ in such bytes must not become one (R1).
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
}
