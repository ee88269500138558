import { DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { RescindError } from '@rescind/protocol'
import type { Logger } from '@rescind/subscriber'

type Env = Readonly<Record<string, string | undefined>>

/** OpenTelemetry's own defaults for its variables. */
const INTERVAL_MS = 60_000
const TIMEOUT_MS = 30_000

/**
 * Sends what is measured to an OpenTelemetry collector if `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`
 * names one; `OTEL_SDK_DISABLED=true` and `OTEL_METRICS_EXPORTER=none` turn it off. Headers, certificates, compression and
 * timeout are read by the exporter from the process, by their standard names. `ERR_INVALID_OPTION` for a protocol or a
 * number that cannot be.
 */
export function otlpReader(service: string, env: Env, logger: Logger | undefined) {
  if (!isWanted(env)) return undefined
  const protocol = env.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL ?? 'http/protobuf'
  if (protocol !== 'http/protobuf') {
    const detail = `OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken here, not ${protocol}`
    throw new RescindError('ERR_INVALID_OPTION', detail)
  }
  if (logger) tellTrouble(logger)
  const exportIntervalMillis = milliseconds(env, 'OTEL_METRIC_EXPORT_INTERVAL', INTERVAL_MS)
  const exportTimeoutMillis = Math.min(
    milliseconds(env, 'OTEL_METRIC_EXPORT_TIMEOUT', TIMEOUT_MS),
    exportIntervalMillis,
  )
  const exporter = new OTLPMetricExporter(urlFrom(env))
  const named = resourceFromAttributes({ 'service.name': service })
  // The process' own OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
  const fromProcess = detectResources({ detectors: [envDetector] })
  return {
    reader: new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis }),
    resource: defaultResource().merge(named).merge(fromProcess),
  }
}

function isWanted(env: Env): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_METRICS_EXPORTER === 'none') return false
  return Boolean(env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT)
}

/** The one for metrics stands as it is, the one for all has its path appended (OTLP exporter specification). */
function urlFrom(env: Env): { url: string } {
  const name = env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT
    ? 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'
    : 'OTEL_EXPORTER_OTLP_ENDPOINT'
  const given = env[name] ?? ''
  if (!URL.canParse(given) || !/^https?:/.test(given)) {
    throw new RescindError('ERR_INVALID_OPTION', `${name}: must be a URL that starts with http:// or https://`)
  }
  return { url: name.includes('METRICS') ? given : `${given.replace(/\/$/, '')}/v1/metrics` }
}

function milliseconds(env: Env, name: string, byDefault: number): number {
  const given = env[name]
  if (given === undefined || given === '') return byDefault
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given)
  throw new RescindError('ERR_INVALID_OPTION', `${name}: must be a whole number of milliseconds, above 0`)
}

/** The library reports to one place for the whole process; without it, a collector that is away would go unnoticed. */
function tellTrouble(logger: Logger): void {
  const tell = (detail: string): void => logger.warn({ detail: detail.slice(0, 500) }, 'metrics could not be sent')
  const quiet = (): void => {}
  diag.setLogger(
    { error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}
