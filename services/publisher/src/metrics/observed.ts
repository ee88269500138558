import { statfs } from 'node:fs/promises'
import type { Clock } from '@rescind/protocol'
import type { Meter } from '@rescind/telemetry'
import type { Check } from '../readiness.ts'
import type { ReplicaAnswer } from '../replicas.ts'

/** What is asked at each collection, and at no other time. */
export interface ObservedParts {
  readonly clock: Clock
  /** As readiness judges now. */
  checks(): readonly Check[]
  /** The replicas that have announced themselves. */
  replicas(): readonly Pick<ReplicaAnswer, 'state' | 'silent' | 'lagMs'>[]
  /** Facts that are recorded and not in the log yet, and when the oldest was, by the wall clock; as `Outbox.backlog` has it. */
  backlog(): { readonly facts: number; readonly oldestRecordedAtMs: number | undefined }
  /** Distance of our wall clock from the broker's in milliseconds (R10); undefined while it is not known. */
  clockDistanceMs(): number | undefined
  /** Revocations and lifts that the index may hold (R16). */
  readonly maxEntries: number
  /** The Store's folder; absent without a Store. */
  readonly storeDir?: string
}

const REPLICA_STATES = ['starting', 'live', 'stale', 'silent'] as const

/** The publisher's numbers of this moment. */
export function observe(meter: Meter, parts: ObservedParts): void {
  const gauge = (name: string, description: string) => meter.createObservableGauge(`rescind_${name}`, { description })

  gauge('ready', '1 while this publisher is ready.').addCallback((result) =>
    result.observe(Number(parts.checks().every(({ ok }) => ok))),
  )
  gauge('readiness_check', '1 for each check of readiness that passes.').addCallback((result) => {
    for (const { name, ok } of parts.checks()) result.observe(Number(ok), { check: name })
  })
  gauge(
    'replicas',
    'Replicas that have announced themselves, by state; those that fell silent are counted as that alone.',
  ).addCallback((result) => {
    const counts = countByState(parts.replicas())
    for (const state of REPLICA_STATES) result.observe(counts.get(state) ?? 0, { state })
  })
  gauge(
    'replicas_max_lag_seconds',
    'Longest time since its last proof that a replica told of itself when it last spoke.',
  ).addCallback((result) => result.observe(Math.max(0, ...parts.replicas().map(({ lagMs }) => lagMs ?? 0)) / 1_000))
  gauge('backlog_facts', 'Facts that are recorded and not in the log yet.').addCallback((result) =>
    result.observe(parts.backlog().facts),
  )
  gauge('backlog_age_seconds', 'How long the oldest of them has waited; 0 if none waits.').addCallback((result) => {
    const { oldestRecordedAtMs } = parts.backlog()
    result.observe(oldestRecordedAtMs === undefined ? 0 : Math.max(0, parts.clock.now() - oldestRecordedAtMs) / 1_000)
  })
  gauge(
    'clock_distance_seconds',
    "Distance of this publisher's clock from the broker's; absent while it is not known.",
  ).addCallback((result) => {
    const distanceMs = parts.clockDistanceMs()
    if (distanceMs !== undefined) result.observe(distanceMs / 1_000)
  })
  gauge('index_max_entries', 'Revocations and lifts that the index may hold.').addCallback((result) =>
    result.observe(parts.maxEntries),
  )
  if (parts.storeDir !== undefined) observeDisk(meter, parts.storeDir)
}

/** Of the disk under the Store: it is full before we are told, by whoever else writes there. */
export function observeDisk(meter: Meter, folder: string): void {
  const free = meter.createObservableGauge('rescind_store_free_bytes', {
    description: 'Room left on the disk of the Store.',
  })
  const size = meter.createObservableGauge('rescind_store_disk_bytes', {
    description: 'Size of the disk of the Store.',
  })
  meter.addBatchObservableCallback(
    async (result) => {
      const { bavail, blocks, bsize } = await statfs(folder)
      result.observe(free, bavail * bsize)
      result.observe(size, blocks * bsize)
    },
    [free, size],
  )
}

function countByState(replicas: ReturnType<ObservedParts['replicas']>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { state, silent } of replicas) {
    const counted = silent ? 'silent' : state
    counts.set(counted, (counts.get(counted) ?? 0) + 1)
  }
  return counts
}
