import { MAX_MIN_REPLICAS, MAX_WAIT_MS } from '../limits.ts'
import type { WaitOptions } from '../requests.ts'
import type { Context } from './command.ts'
import { usageFailure } from './failure.ts'
import { durationMs } from './times.ts'

/** What `--wait`, `--timeout` and `--idempotency-key` mean for a write. */
export function writeOptions({ given, terminal }: Context): WaitOptions {
  const { wait, timeout } = given
  const common = { signal: terminal.signal, idempotencyKey: given['idempotency-key'] }
  if (wait === undefined) return common
  const minReplicas = wait === 'all' ? undefined : Number(wait)
  if (minReplicas !== undefined && !(/^\d{1,5}$/.test(wait) && minReplicas >= 1 && minReplicas <= MAX_MIN_REPLICAS)) {
    throw usageFailure(`--wait: is all, or a number of replicas from 1 to ${MAX_MIN_REPLICAS}: --wait or --wait=3`)
  }
  const timeoutMs = timeout === undefined ? undefined : durationMs(timeout)
  if (timeoutMs !== undefined && timeoutMs > MAX_WAIT_MS) {
    throw usageFailure(`--timeout: with --wait at most ${MAX_WAIT_MS / 1_000}s`)
  }
  return { ...common, wait: 'enforced', timeoutMs, minReplicas }
}
