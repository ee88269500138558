import { limits } from '@rescind/protocol'
import type { EmbeddedReplica, EmbeddedReplicaOptions } from './embedded-replica.ts'
import { FollowingReplica } from './replica.ts'
import { checkReplicaOptions } from './replica-options.ts'
import type { Replica, ReplicaOptions } from './replica-types.ts'

/**
 * Opens a replica. Resolves once it is live: complete up to a head that the log's leader has just named (R19, R20).
 * With `waitUntilLive: false` it resolves at once, `starting`. Without a `signal` it waits as long as it takes. Rejects
 * with `ERR_INVALID_OPTION` for options that cannot work, and if the signal fires first with the code of what was in the
 * way (such as `ERR_LOG_UNAVAILABLE`) and the signal's reason as its cause; nothing is left open then.
 */
export function openReplica(options: ReplicaOptions): Promise<Replica> {
  return openEmbeddedReplica(options)
}

/** {@link openReplica} for the publisher, which may look inside its own replica. */
export async function openEmbeddedReplica(options: EmbeddedReplicaOptions): Promise<EmbeddedReplica> {
  checkReplicaOptions(options)
  const staleAfterMs = options.staleAfterMs ?? limits.DEFAULT_STALE_AFTER_MS
  const proveEveryMs = options.proveEveryMs ?? Math.min(limits.DEFAULT_PROVE_EVERY_MS, staleAfterMs / 2)
  const replica = new FollowingReplica({ ...options, staleAfterMs, proveEveryMs })
  if (options.waitUntilLive === false) return replica
  try {
    await replica.untilLive(options.signal)
    return replica
  } catch (error) {
    await replica.close()
    throw error
  }
}
