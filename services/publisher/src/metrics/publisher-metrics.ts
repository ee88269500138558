import type { Cursor, Fact, Frame } from '@rescind/protocol'
import type { Meter } from '@rescind/telemetry'
import type { AppliedFrame } from '../applied-frames.ts'
import { PROBLEMS, type ProblemCode } from '../problems.ts'

/** How far facts came (R10, R12): on the disk here; in the log and in force in the own replica; confirmed by every replica that counts. */
export type FactState = 'recorded' | 'broadcast' | 'enforced'

const KINDS: readonly Fact['kind'][] = ['revocation', 'lift', 'issuer']
const STATES: readonly FactState[] = ['recorded', 'broadcast', 'enforced']

/** Seconds. A write-ahead log on a fast disk takes a tenth of a millisecond, a slow one tens; beyond 100 something is wrong. */
const FSYNC_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
/** Seconds. A stream in the same rack acknowledges within a millisecond, a cluster that fsyncs in some; the deadline is 5. */
const APPEND_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
/** Seconds. Replicas confirm within milliseconds; whoever waits does so for 2 seconds by default, for 30 at most. */
const RECEIPT_BUCKETS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30]
/** Seconds. The image of a small index is made in a turn of the event loop, that of millions of entries in many. */
const SNAPSHOT_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60]

/** What the publisher counts and times as it happens. Labels are of small, closed sets: no claim, no principal, no replica. */
export class PublisherMetrics {
  readonly #facts
  readonly #refusals
  readonly #epochChanges
  readonly #fsyncSec
  readonly #appendSec
  readonly #receiptSec
  readonly #snapshotSec
  readonly #snapshotBytes
  readonly #snapshotFailures
  #epoch: string | undefined

  constructor(meter: Meter) {
    const counter = (name: string, description: string) => meter.createCounter(`rescind_${name}_total`, { description })
    const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
      meter.createHistogram(`rescind_${name}_seconds`, { description, unit: 's', advice: { explicitBucketBoundaries } })
    this.#facts = counter('facts', 'Facts that this publisher took, by kind and by how far they came.')
    this.#refusals = counter('refusals', 'Requests refused, by the code of the problem.')
    this.#epochChanges = counter(
      'epoch_changes',
      'How often the log was found to be another one: recreated, or rolled back.',
    )
    this.#fsyncSec = seconds(
      'fsync_duration',
      'Time that a write to the Store took until it was on disk.',
      FSYNC_BUCKETS,
    )
    this.#appendSec = seconds(
      'append_duration',
      'Time until the log acknowledged a frame, or did not, by outcome.',
      APPEND_BUCKETS,
    )
    this.#receiptSec = seconds(
      'receipt_duration',
      'Time from the acknowledgement of a frame until its receipt was complete or given up, by the state that was answered.',
      RECEIPT_BUCKETS,
    )
    this.#snapshotSec = seconds('snapshot_build_duration', 'Time that a snapshot took to be built.', SNAPSHOT_BUCKETS)
    this.#snapshotBytes = meter.createGauge('rescind_snapshot_bytes', {
      description: 'Size of the snapshot built last.',
    })
    this.#snapshotFailures = counter('snapshot_build_failures', 'Snapshots that were begun and could not be finished.')
    this.#startAtZero()
  }

  /** A write to the Store was on disk after this many milliseconds. */
  recordFsync(ms: number): void {
    this.#fsyncSec.record(ms / 1_000)
  }

  /** The log acknowledged a frame after this many milliseconds, or did not. */
  recordAppend(ms: number, outcome: 'ok' | 'failed' = 'ok'): void {
    this.#appendSec.record(ms / 1_000, { outcome })
  }

  /** Somebody who waited for a receipt was answered this many milliseconds after the acknowledgement. */
  recordReceipt(ms: number, state: FactState): void {
    this.#receiptSec.record(ms / 1_000, { state })
  }

  /** Facts of a kind have come this far. */
  countFacts(kind: Fact['kind'], state: FactState, count = 1): void {
    this.#facts.add(count, { kind, state })
  }

  /** A frame is in the log and was applied here: counts its facts that are in force, and gives the answer back. */
  committed(frame: Frame, answer: AppliedFrame): AppliedFrame {
    frame.facts.forEach(({ kind }, index) => {
      if (answer.applied[index] === 'in_force') this.countFacts(kind, 'broadcast')
    })
    return answer
  }

  /** A request was refused. */
  countRefusal(code: ProblemCode): void {
    this.#refusals.add(1, { code })
  }

  /** The own replica has come to this cursor. The first epoch that is seen is no change. */
  follow({ epoch }: Pick<Cursor, 'epoch'>): void {
    if (this.#epoch !== undefined && this.#epoch !== epoch) this.#epochChanges.add(1)
    this.#epoch = epoch
  }

  /** A snapshot was built: in how many milliseconds, and how large it is. */
  recordSnapshot(ms: number, bytes: number): void {
    this.#snapshotSec.record(ms / 1_000)
    this.#snapshotBytes.record(bytes)
  }

  /** A snapshot was begun and could not be finished. */
  countSnapshotFailure(): void {
    this.#snapshotFailures.add(1)
  }

  /** A rate over a counter that is not there before its first event misses that event. */
  #startAtZero(): void {
    for (const kind of KINDS) for (const state of STATES) this.#facts.add(0, { kind, state })
    for (const code of Object.keys(PROBLEMS)) this.#refusals.add(0, { code })
    this.#epochChanges.add(0)
    this.#snapshotFailures.add(0)
  }
}
