import type { Meter, ObservableResult } from '@opentelemetry/api'
import type { Replica, ReplicaStats } from '@rescind/subscriber'

const STATES: readonly ReplicaStats['state'][] = ['starting', 'live', 'stale', 'closed']

type Observe = (result: ObservableResult, stats: ReplicaStats) => void

/** Publishes `replica.stats()`, asked at each collection and at no other time. */
export function replicaMetrics(meter: Meter, replica: Pick<Replica, 'stats'>): void {
  const gauge = (name: string, description: string, observe: Observe) =>
    meter
      .createObservableGauge(`rescind_${name}`, { description })
      .addCallback((result) => observe(result, replica.stats()))
  const counter = (name: string, description: string, observe: Observe) =>
    meter
      .createObservableCounter(`rescind_${name}_total`, { description })
      .addCallback((result) => observe(result, replica.stats()))

  gauge(
    'replica_state',
    '1 for the state that the own replica is in: starting, live, stale or closed.',
    (result, stats) => {
      for (const state of STATES) result.observe(Number(stats.state === state), { state })
    },
  )
  gauge(
    'replica_lag_seconds',
    'Seconds since the last proof of the own replica; absent before the first.',
    (result, { lagMs }) => {
      if (Number.isFinite(lagMs)) result.observe(lagMs / 1_000)
    },
  )
  gauge('index_entries', 'Facts in the index, by kind.', (result, { revocations, lifts }) => {
    result.observe(revocations, { kind: 'revocation' })
    result.observe(lifts, { kind: 'lift' })
  })
  gauge('log_bytes', 'Bytes that the log holds, as its leader last said.', (result, { connection }) => {
    if (connection?.log) result.observe(connection.log.bytes)
  })
  gauge('log_max_bytes', 'Size cap of the log; absent if it has none.', (result, { connection }) => {
    const maxBytes = connection?.log?.maxBytes
    if (maxBytes !== undefined) result.observe(maxBytes)
  })
  gauge(
    'replica_max_tick_delay_seconds',
    'How late the event loop was at most for the own replica, since the start.',
    (result, stats) => result.observe(stats.maxTickDelayMs / 1_000),
  )
  counter('checks', 'Checks by what they said; with the cause if that is unknown.', (result, { checks }) => {
    result.observe(checks.active, { verdict: 'active' })
    result.observe(checks.revoked, { verdict: 'revoked' })
    for (const [cause, count] of Object.entries(checks.unknown)) result.observe(count, { verdict: 'unknown', cause })
  })
  counter('questions', "Questions to the log's leader.", (result, stats) => result.observe(stats.questions))
  counter('proofs', 'Proofs that the own replica is complete.', (result, stats) => result.observe(stats.proofs))
  counter('frames', 'Frames that the own replica applied.', (result, stats) => result.observe(stats.frames))
  counter('frame_facts', 'Facts in those frames.', (result, stats) => result.observe(stats.facts))
  counter('ignored_messages', 'Live messages that were of no use to the own replica.', (result, stats) =>
    result.observe(stats.ignored),
  )
  counter('snapshot_fetches', 'Snapshots that the own replica asked for, by outcome.', (result, stats) => {
    result.observe(stats.snapshots, { outcome: 'ok' })
    result.observe(stats.snapshotFailures, { outcome: 'failed' })
  })
  counter(
    'log_reconnects',
    'How often the own replica lost its connection to the log and has it back.',
    (result, { connection }) => result.observe(connection?.reconnects ?? 0),
  )
  counter(
    'log_received_bytes',
    'Bytes of messages of the log that came to the own replica.',
    (result, { connection }) => result.observe(connection?.receivedBytes ?? 0),
  )
  counter('log_sent_bytes', 'Bytes of messages to the log that the own replica sent.', (result, { connection }) =>
    result.observe(connection?.sentBytes ?? 0),
  )
}
