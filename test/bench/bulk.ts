import { setTimeout as pause } from 'node:timers/promises'
import { natsRequest } from '../end-to-end/nats-request.ts'
import { rawFrames } from './bulk-floor.ts'
import { cpuSec, rssMb } from './process-cpu.ts'
import type { Bench, Findings, Question } from './question.ts'
import { type RunningParts, withRunningParts } from './running-parts.ts'
import { type UploadSummary, uploadLines } from './upload-lines.ts'
import { startWorker, type Worker } from './worker.ts'

const PROCESSES = 5
const REPLICAS_OF_EACH = 2
const REPLICAS = PROCESSES * REPLICAS_OF_EACH
const SUBJECTS = { full: 1_000_000, short: 100_000 }
const WARM_UP = 2_000
const SAMPLE_EVERY_MS = 100

/** What an entry takes in the publisher's own replica: `pnpm bench:heap`. It has to be there, however the facts came. */
const ENTRY_BYTES = 302
/** What the publisher may take besides, and be called flat: some batches under way, and what V8 has not collected yet. */
const FLAT_MB = 256

/** G15. One upload from a generator, with the receipt of all replicas at its end; then as many raw bytes. */
export const BULK: Question = {
  id: 'G15',
  title: `An upload of subjects to its enforcement in ${REPLICAS} replicas`,
  ask: (bench) =>
    withRunningParts(
      0,
      async (parts) => {
        const workers = await Promise.all(
          Array.from({ length: PROCESSES }, (_, index) =>
            startWorker('bulk-listeners.ts', [parts.natsUrl, index * REPLICAS_OF_EACH, REPLICAS_OF_EACH]),
          ),
        )
        try {
          return findings(await measure(parts, workers, bench), parts.natsVersion)
        } finally {
          await Promise.all(workers.map((worker) => worker.stop()))
        }
      },
      bench.stop,
    ),
}

interface Sample {
  readonly sec: number
  readonly mb: number
}

interface Measured {
  readonly subjects: number
  readonly sec: number
  readonly summary: UploadSummary
  readonly samples: readonly Sample[]
  readonly beforeMb: number
  readonly streamMb: number
  readonly floorSec: number
  /** Seconds of processor time: of the publisher, the broker, and all processes of replicas together. */
  readonly cpu: Readonly<Record<'publisher' | 'broker' | 'replicas', number>>
}

async function measure(parts: RunningParts, workers: readonly Worker[], bench: Bench): Promise<Measured> {
  const { natsUrl, natsPid, deployment } = parts
  const subjects = bench.short ? SUBJECTS.short : SUBJECTS.full
  const port = Number(new URL(natsUrl).port)
  const pid = deployment.publisher.pid ?? 0
  await untilHeard(parts, bench)
  const cpuOf = (pids: readonly number[]) => pids.reduce((sum, one) => sum + (cpuSec(one) ?? Number.NaN), 0)
  const cpu = () => [cpuOf([pid]), cpuOf([natsPid]), cpuOf(workers.map((worker) => worker.pid))]
  const before = { bytes: await streamBytes(port), mb: rssMb(pid)?.now ?? Number.NaN, cpu: cpu() }
  bench.tell(`${subjects.toLocaleString('en')} lines`)
  const samples: Sample[] = []
  const startedMs = performance.now()
  const sampling = setInterval(() => {
    samples.push({ sec: (performance.now() - startedMs) / 1_000, mb: rssMb(pid)?.now ?? Number.NaN })
  }, SAMPLE_EVERY_MS)
  const summary = await uploadLines(parts, subjects, bench.seed).finally(() => clearInterval(sampling))
  const sec = (performance.now() - startedMs) / 1_000
  const [publisher = 0, broker = 0, replicas = 0] = cpu().map((used, index) => used - (before.cpu[index] ?? 0))
  const bytes = (await streamBytes(port)) - before.bytes
  bench.tell(`${sec.toFixed(1)} s; now ${(bytes / 1e6).toFixed(0)} MB as raw frames`)
  const floorSec = (await rawFrames(port, bytes, REPLICAS)) / 1_000
  return {
    subjects,
    sec,
    summary,
    samples,
    beforeMb: before.mb,
    streamMb: bytes / 1e6,
    floorSec,
    cpu: { publisher, broker, replicas },
  }
}

/** A small upload, until the publisher has listened for a full bound and hears all replicas: also a warm-up. */
async function untilHeard(parts: RunningParts, { seed, stop, tell }: Bench): Promise<void> {
  tell(`${REPLICAS} replicas are there; waiting until the publisher has heard all of them`)
  for (let round = 1; ; round += 1) {
    const { state, receipt } = await uploadLines(parts, WARM_UP, (seed + round) % 2 ** 32)
    if (state === 'enforced' && receipt?.confirmed.length === REPLICAS) return
    if (round === 60) throw new Error(`${state}, ${receipt?.confirmed.length} of ${REPLICAS} replicas`)
    await pause(500, undefined, { signal: stop })
  }
}

async function streamBytes(port: number): Promise<number> {
  const { state } = await natsRequest(port, '$JS.API.STREAM.INFO.RESCIND')
  return (state as { readonly bytes: number }).bytes
}

function findings(measured: Measured, natsVersion: string): Findings {
  const { subjects, sec, summary, samples, beforeMb, streamMb, floorSec, cpu } = measured
  const peakMb = Math.max(...samples.map(({ mb }) => mb))
  const indexMb = (subjects * ENTRY_BYTES) / 1e6
  const restMb = peakMb - beforeMb - indexMb
  const confirmed = summary.receipt?.confirmed.length ?? 0
  const isEnforced = summary.state === 'enforced' && confirmed === REPLICAS && summary.recorded === subjects
  const rate = (subjects / sec).toFixed(0)
  const usOf = (seconds: number) => ((seconds * 1e6) / subjects).toFixed(1)
  return {
    goals: [
      {
        what: `${subjects.toLocaleString('en')} subjects enforced in ${REPLICAS} replicas`,
        wanted: `below ${(5 * subjects) / 1_000_000} s`,
        measured: `${sec.toFixed(1)} s, ${summary.state}, confirmed by ${confirmed}`,
        met: isEnforced && sec < (5 * subjects) / 1_000_000,
      },
      {
        what: 'memory of the publisher beside its own index',
        wanted: `flat: at most ${FLAT_MB} MB more than before`,
        measured: `${restMb.toFixed(0)} MB at the peak, without ${indexMb.toFixed(0)} MB of index`,
        met: restMb <= FLAT_MB,
      },
    ],
    columns: ['', 's', 'subjects/s', 'MB/s', 'CPU µs of a subject: publisher', 'broker', 'all replicas'],
    rows: [
      [
        'upload, enforced',
        sec.toFixed(2),
        rate,
        (streamMb / sec).toFixed(0),
        usOf(cpu.publisher),
        usOf(cpu.broker),
        usOf(cpu.replicas),
      ],
      [
        `${streamMb.toFixed(0)} MB as raw frames`,
        floorSec.toFixed(2),
        (subjects / floorSec).toFixed(0),
        (streamMb / floorSec).toFixed(0),
        '',
        '',
        '',
      ],
    ],
    plot: {
      title: `G15: resident memory of the publisher, ${subjects.toLocaleString('en')} subjects`,
      x: { label: 's' },
      y: { label: 'MB' },
      series: [
        { name: 'resident', points: [[0, beforeMb], ...samples.map(({ sec, mb }) => [sec, mb] as const)] },
        {
          name: 'its index alone, if it grew evenly',
          points: [
            [0, beforeMb],
            [sec, beforeMb + indexMb],
          ],
        },
      ],
    },
    notes: [
      `Resident before ${beforeMb.toFixed(0)} MB, at the peak ${peakMb.toFixed(0)} MB; an entry of its own index takes ${ENTRY_BYTES} bytes (bench:heap).`,
      `The floor: ${streamMb.toFixed(0)} MB, as many as the frames took in the stream, in messages of 64 KB to ${REPLICAS} bare subscribers in the same processes. It stores nothing.`,
      `${PROCESSES} processes with ${REPLICAS_OF_EACH} replicas each; the client generates the lines in the process of the bench.`,
    ],
    versions: { 'nats-server': natsVersion },
  }
}
