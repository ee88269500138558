import type { Presence } from '@rescind/log'

/** A presence as a replica of this name would send it. */
export function presenceOf(name: string, changes: Partial<Presence> = {}): Presence {
  return {
    replica: 'f00d',
    name,
    version: '0.1.0',
    frameVersions: [1],
    state: 'live',
    entries: 3,
    rssBytes: 1_000,
    whenUnknown: 'reject',
    staleAfterMs: 15_000,
    ...changes,
  }
}
