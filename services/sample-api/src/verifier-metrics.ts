import type { Meter } from '@rescind/telemetry'
import type { Verifier } from '@rescind/verifier'

/** Publishes `verifier.stats()`, asked at each collection and at no other time. */
export function verifierMetrics(meter: Meter, verifier: Pick<Verifier, 'stats'>): void {
  const description = 'Tokens verified, by outcome: verified, or the code of the refusal.'
  meter.createObservableCounter('rescind_verifications_total', { description }).addCallback((result) => {
    const { verified, refused } = verifier.stats()
    result.observe(verified, { outcome: 'verified' })
    for (const [code, count] of Object.entries(refused)) result.observe(count, { outcome: code })
  })
}
