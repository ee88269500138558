import type { Clock } from '@rescind/protocol'
import type { PublisherMetrics } from './publisher-metrics.ts'

/** The same call, with the time that the log took to acknowledge recorded, whatever came of it. */
export function timed<A extends readonly unknown[], T>(
  clock: Clock,
  metrics: PublisherMetrics,
  append: (...given: A) => Promise<T>,
): (...given: A) => Promise<T> {
  return async (...given) => {
    const beganMs = clock.monotonic()
    try {
      const answer = await append(...given)
      metrics.recordAppend(clock.monotonic() - beganMs)
      return answer
    } catch (error) {
      metrics.recordAppend(clock.monotonic() - beganMs, 'failed')
      throw error
    }
  }
}
