import { type Clock, RescindError } from '@rescind/protocol'
import type { RevocationAnswer } from './answers.ts'
import { MAX_REISSUE_WAIT_MS } from './limits.ts'
import { restBefore } from './retries.ts'

/**
 * Waits until this machine's clock, with which an issuer dates its tokens, has reached the last `reissueNotBefore` (R4): a
 * token minted then passes. Blocks name no such second and are not waited for: what they match stays revoked. Rejects
 * with `ERR_CLOCK_SKEW` if the wait would be longer than any cutoff can ask, with the signal's reason if it fires.
 */
export async function untilReissuable(
  revocations: readonly RevocationAnswer[],
  clock: Clock,
  ...signals: readonly (AbortSignal | undefined)[]
): Promise<void> {
  const dueMs = 1_000 * Math.max(0, ...revocations.map(({ reissueNotBefore }) => reissueNotBefore ?? 0))
  // A timer may fire a little early: look again.
  for (let leftMs = dueMs - clock.now(); leftMs > 0; leftMs = dueMs - clock.now()) {
    if (leftMs > MAX_REISSUE_WAIT_MS) {
      const behind = `new tokens pass in ${Math.ceil(leftMs / 1_000)} s by this machine's clock`
      throw new RescindError('ERR_CLOCK_SKEW', `${behind}, which is longer than any cutoff asks: set the clock by NTP`)
    }
    await restBefore(leftMs, ...signals)
  }
}
