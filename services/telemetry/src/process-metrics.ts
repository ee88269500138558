import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Meter } from '@opentelemetry/api'
import { systemClock } from '@rescind/protocol'

/** How often the event loop is looked at: some times a second costs nothing that could be measured. */
const RESOLUTION_MS = 50
/** Two readers, such as a scrape and OTLP, see the same numbers if they come within this time. */
const LASTS_MS = 5_000

/** Memory, CPU time and the event loop's delay of this process. Returns how to end it. */
export function processMetrics(meter: Meter): () => void {
  const gauge = (name: string, description: string, unit?: string) =>
    meter.createObservableGauge(name, { description, ...(unit && { unit }) })
  const resident = gauge('process_resident_memory_bytes', 'Resident memory of the process.', 'By')
  const heap = gauge('process_heap_used_bytes', "Memory used on the process' JavaScript heap.", 'By')
  const cpu = meter.createObservableCounter('process_cpu_seconds_total', {
    description: 'CPU time of the process, user and system.',
    unit: 's',
  })
  const p99 = gauge(
    'process_event_loop_delay_p99_seconds',
    'How late the event loop is, 99th percentile since the collection before.',
    's',
  )
  const most = gauge(
    'process_event_loop_delay_max_seconds',
    'How late the event loop was at most since the collection before.',
    's',
  )
  const delay = eventLoopDelay()
  meter.addBatchObservableCallback(
    (result) => {
      const { rss, heapUsed } = process.memoryUsage()
      const { user, system } = process.cpuUsage()
      const late = delay.look()
      result.observe(resident, rss)
      result.observe(heap, heapUsed)
      result.observe(cpu, (user + system) / 1e6)
      result.observe(p99, late.p99Sec)
      result.observe(most, late.maxSec)
    },
    [resident, heap, cpu, p99, most],
  )
  return delay.end
}

function eventLoopDelay() {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let last = { p99Sec: 0, maxSec: 0 }
  return {
    look() {
      if (systemClock.monotonic() - lookedAtMs < LASTS_MS) return last
      lookedAtMs = systemClock.monotonic()
      // What it holds is the whole time between two looks, in nanoseconds; nothing yet is a number out of range.
      const lateSec = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3)
      const isEmpty = histogram.count === 0
      last = isEmpty ? last : { p99Sec: lateSec(histogram.percentile(99)), maxSec: lateSec(histogram.max) }
      histogram.reset()
      return last
    },
    end: (): void => void histogram.disable(),
  }
}
