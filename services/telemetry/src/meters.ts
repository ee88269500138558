import type { Meter } from '@opentelemetry/api'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { Logger } from '@rescind/subscriber'
import { otlpReader } from './otlp.ts'
import { processMetrics } from './process-metrics.ts'

/** A collector that does not take the last numbers in this time goes without them: a stop must not hang on it. */
const LAST_EXPORT_MS = 2_000

/** The media type of Prometheus' text format. */
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** What {@link openMeters} is opened with. */
export interface MetersOptions {
  /** Who measures, such as `rescind-publisher`; `OTEL_SERVICE_NAME` wins. */
  readonly service: string
  /** Where OTLP is sent to, by its standard variables. Default: nowhere. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Told when the collector cannot be reached. */
  readonly logger?: Logger
}

/** What a service measures with. */
export interface Meters {
  /** Makes instruments. */
  readonly meter: Meter
  /** All numbers as of now, in Prometheus' text format. All who ask at once get the same. */
  text(): Promise<string>
  /** Sends the last numbers by OTLP, for at most two seconds; idempotent. */
  close(): Promise<void>
}

/** Opens the one meter of a service, with the process' own numbers. Nothing is global: two services in one process do not mix. */
export function openMeters({ service, env = {}, logger }: MetersOptions): Meters {
  const scrape = new ScrapeReader()
  const otlp = otlpReader(service, env, logger)
  const provider = new MeterProvider({
    readers: otlp ? [scrape, otlp.reader] : [scrape],
    ...(otlp && { resource: otlp.resource }),
  })
  // Names are whole and without the library's own labels: whoever reads a dashboard should find the line in the source.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
  const meter = provider.getMeter('rescind')
  const endProcessMetrics = processMetrics(meter)
  let collecting: Promise<string> | undefined
  let closing: Promise<void> | undefined
  return {
    meter,
    text() {
      collecting ??= scrape
        .collect()
        .then(({ resourceMetrics }) => `${serializer.serialize(resourceMetrics).trimEnd()}\n`)
        .finally(() => {
          collecting = undefined
        })
      return collecting
    },
    close() {
      closing ??= inTime(provider.shutdown()).finally(endProcessMetrics)
      return closing
    },
  }
}

/** Whatever becomes of it; what is left of it holds up nobody. */
function inTime(work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LAST_EXPORT_MS)
    work
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(timer)
        resolve()
      })
  })
}

/** Collects when it is asked to. */
class ScrapeReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
