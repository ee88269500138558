import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMeters } from '../src/index.ts'
import { collector } from './collector.ts'

const refusal = (message: RegExp) => (error: unknown) => {
  const { code, detail } = error as { code: string; detail: string }
  assert.equal(code, 'ERR_INVALID_OPTION')
  assert.match(detail, message)
  return true
}

test('all numbers as Prometheus text, each under its own name and as of now', async () => {
  const meters = openMeters({ service: 'test' })
  const counter = meters.meter.createCounter('rescind_things_total', { description: 'Things.' })
  counter.add(2, { kind: 'good' })
  assert.match(
    await meters.text(),
    /# HELP rescind_things_total Things\.\n# TYPE rescind_things_total counter\nrescind_things_total\{kind="good"\} 2\n/,
  )
  counter.add(1, { kind: 'good' })
  const text = await meters.text()
  assert.match(text, /rescind_things_total\{kind="good"\} 3\n/)
  for (const name of ['resident_memory_bytes', 'cpu_seconds_total', 'event_loop_delay_max_seconds']) {
    assert.match(text, new RegExp(`\nprocess_${name} [\\d.e-]+\n`))
  }
  await meters.close()
})

test('whoever asks while numbers are collected gets those: one collection serves all', async () => {
  const meters = openMeters({ service: 'test' })
  let asked = 0
  meters.meter.createObservableGauge('rescind_asked').addCallback((result) => result.observe(++asked))
  const texts = await Promise.all([meters.text(), meters.text(), meters.text()])
  assert.equal(new Set(texts).size, 1)
  assert.equal(asked, 1)
  await meters.close()
})

test('two services in one process do not mix', async () => {
  const [one, other] = [openMeters({ service: 'one' }), openMeters({ service: 'other' })]
  one.meter.createCounter('rescind_one_total').add(1)
  assert.ok((await one.text()).includes('rescind_one_total'))
  assert.ok(!(await other.text()).includes('rescind_one_total'))
  await Promise.all([one.close(), other.close()])
})

test('OTLP goes where the standard variables say, and the last numbers go out at the stop', async () => {
  await using there = await collector()
  for (const [env, path] of [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: there.url }, '/v1/metrics'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: `${there.url}/base/` }, '/base/v1/metrics'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x.invalid', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${there.url}/own` },
      '/own',
    ],
  ] as const) {
    const meters = openMeters({ service: 'rescind-test', env })
    meters.meter.createCounter('rescind_last_words_total').add(1)
    await meters.close()
    const last = there.sent.at(-1)
    assert.deepEqual([last?.path, last?.type], [path, 'application/x-protobuf'])
    for (const text of ['rescind_last_words_total', 'rescind-test']) assert.ok(last?.body.includes(text), text)
  }
})

test('without an endpoint, or when it is turned off, nothing is sent', async () => {
  await using there = await collector()
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: there.url }
  for (const env of [{}, { ...on, OTEL_SDK_DISABLED: 'true' }, { ...on, OTEL_METRICS_EXPORTER: 'none' }]) {
    const meters = openMeters({ service: 'test', env })
    meters.meter.createCounter('rescind_things_total').add(1)
    await meters.close()
  }
  assert.deepEqual(there.sent, [])
})

test('a collector that never answers holds up nobody', { timeout: 60_000 }, async (context) => {
  await using there = await collector({ silent: true })
  const tenMinutes = '600000'
  // The exporter reads this one from the process.
  process.env.OTEL_EXPORTER_OTLP_TIMEOUT = tenMinutes
  context.after(() => delete process.env.OTEL_EXPORTER_OTLP_TIMEOUT)
  const patient = { OTEL_METRIC_EXPORT_INTERVAL: tenMinutes, OTEL_METRIC_EXPORT_TIMEOUT: tenMinutes }
  const meters = openMeters({ service: 'test', env: { OTEL_EXPORTER_OTLP_ENDPOINT: there.url, ...patient } })
  meters.meter.createCounter('rescind_things_total').add(1)
  await meters.close()
  assert.equal(there.sent.length, 1)
})

test('that a collector is away is told in the log', async () => {
  const lines: object[] = []
  const warn = (fields: object) => void lines.push(fields)
  const logger = { debug() {}, info() {}, warn, error: warn }
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
  const meters = openMeters({ service: 'test', env, logger })
  meters.meter.createCounter('rescind_things_total').add(1)
  await meters.close()
  const deadline = performance.now() + 20_000
  while (lines.length === 0) {
    assert.ok(performance.now() < deadline, 'nothing was told')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})

test('a protocol, an endpoint or a time that cannot be is refused at the start', () => {
  const open = (env: object) =>
    openMeters({ service: 'test', env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', ...env } })
  assert.throws(() => open({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), refusal(/only http\/protobuf/))
  assert.throws(() => open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }), refusal(/must be a URL/))
  assert.throws(() => open({ OTEL_METRIC_EXPORT_INTERVAL: '1s' }), refusal(/milliseconds/))
})
