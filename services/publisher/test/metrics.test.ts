import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { openMeters } from '@rescind/telemetry'
import { observe } from '../src/metrics/observed.ts'
import { PublisherMetrics } from '../src/metrics/publisher-metrics.ts'
import { type Harness, ISS, KEYS, shiftedClock, withPublisher } from './harness.ts'
import { type Metric, readMetrics } from './metrics-text.ts'
import { until } from './until.ts'

async function metricsOf(harness: Harness): Promise<Map<string, Metric>> {
  const reply = await harness.call('GET', '/metrics', { key: '' })
  assert.equal(reply.status, 200)
  assert.equal(reply.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  return readMetrics(reply.text)
}

function sampleOf(metrics: Map<string, Metric>, name: string, labels = ''): number {
  const value = metrics.get(`rescind_${name}`)?.values.get(labels)
  assert.ok(value !== undefined, `rescind_${name}${labels} is not there: ${[...metrics.keys()]}`)
  return value
}

test('facts, appends, refusals, requests and the index are counted as they happen', () =>
  withPublisher({}, async (harness) => {
    const before = await metricsOf(harness)
    await harness.revoke([
      { iss: ISS, match: { sub: 'ann' } },
      { iss: ISS, match: { sub: 'bob' } },
    ])
    await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'cutoff' })
    await harness.revoke({ iss: ISS, match: { sub: 7.5 } })
    await harness.call('GET', '/v1/snapshot', { key: KEYS.replica.key })
    const after = await metricsOf(harness)
    const grown = (name: string, labels = '') =>
      sampleOf(after, name, labels) - (before.get(`rescind_${name}`)?.values.get(labels) ?? 0)
    assert.equal(grown('facts_total', '{kind="revocation",state="broadcast"}'), 2)
    assert.equal(grown('facts_total', '{kind="lift",state="broadcast"}'), 1)
    assert.equal(grown('append_duration_seconds', '_count{outcome="ok"}'), 2)
    assert.equal(grown('refusals_total', '{code="invalid_revocation"}'), 1)
    assert.equal(grown('frames_total'), 2)
    assert.equal(grown('frame_facts_total'), 3)
    assert.deepEqual([grown('index_entries', '{kind="revocation"}'), grown('index_entries', '{kind="lift"}')], [1, 1])
    assert.equal(grown('snapshot_build_duration_seconds', '_count'), 1)
    assert.ok(sampleOf(after, 'snapshot_bytes') > 0)
    assert.ok(grown('log_bytes') >= 0 && sampleOf(after, 'log_max_bytes') > sampleOf(after, 'log_bytes'))
    const route = 'method="POST",route="/v1/revocations"'
    assert.equal(grown('http_request_duration_seconds', `_count{${route},status="201"}`), 1)
    assert.equal(grown('http_request_duration_seconds', `_count{${route},status="422"}`), 1)
    assert.equal(sampleOf(after, 'ready'), 1)
    assert.ok(sampleOf(after, 'clock_distance_seconds') < 5)
  }))

test('R22: what the publisher asks its own replica about admins is counted among the checks', () =>
  withPublisher({}, async (harness) => {
    const now = Math.floor(systemClock.now() / 1_000)
    await harness.verdict({ iss: ISS, sub: 'ann', iat: now, exp: now + 60 })
    await harness.verdict({ iss: 'https://nobody.example', sub: 'ann', iat: now, exp: now + 60 })
    const metrics = await metricsOf(harness)
    const answers = metrics.get('rescind_checks_total')?.values
    assert.equal(answers?.get('{verdict="active"}'), 1)
    assert.equal(answers?.get('{verdict="unknown",cause="unmanaged_issuer"}'), 1)
  }))

test('readiness, the own replica and replicas are told while the log is away, and that it became another one', async () => {
  const log = memoryLog({ clock: systemClock, requestTimeoutMs: 500 })
  await withPublisher({ log, config: { staleAfterMs: 1_000, proveEveryMs: 100 } }, async (harness) => {
    await until(
      'its own replica is on the list',
      async () => sampleOf(await metricsOf(harness), 'replicas', '{state="live"}') === 1,
    )
    log.faults.disconnect()
    await until('it is stale', async () => sampleOf(await metricsOf(harness), 'replica_state', '{state="stale"}') === 1)
    const away = await metricsOf(harness)
    assert.equal(sampleOf(away, 'ready'), 0)
    assert.equal(sampleOf(away, 'readiness_check', '{check="replica"}'), 0)
    assert.equal(sampleOf(away, 'readiness_check', '{check="serving"}'), 1)
    assert.ok(sampleOf(away, 'replica_lag_seconds') > 0)
    assert.equal(sampleOf(away, 'epoch_changes_total'), 0)
    log.faults.recreate()
    log.faults.reconnect()
    await harness.untilReady()
    const back = await metricsOf(harness)
    assert.equal(sampleOf(back, 'ready'), 1)
    assert.equal(sampleOf(back, 'epoch_changes_total'), 1)
    assert.ok(sampleOf(back, 'log_reconnects_total') >= 1)
  })
})

test('R10: a clock that is wrong shows by how much', async () => {
  const clock = shiftedClock()
  await withPublisher({ clock }, async (harness) => {
    clock.offsetMs = 60_000
    const metrics = await metricsOf(harness)
    const distanceSec = sampleOf(metrics, 'clock_distance_seconds')
    assert.ok(distanceSec > 55 && distanceSec <= 61, String(distanceSec))
    assert.equal(sampleOf(metrics, 'readiness_check', '{check="clock"}'), 0)
  })
})

test('no claim, no token, no name and no path that was asked for stands in it, however many are asked for', () =>
  withPublisher({}, async (harness) => {
    const seriesOf = async () =>
      (await metricsOf(harness)).get('rescind_http_request_duration_seconds')?.values.size ?? 0
    const ask = async (i: number) => {
      await harness.call('GET', `/marked-path-${i}`, { key: `marked-key-${i}` })
      await harness.call('GET', `/readyz?marked-query-${i}`)
      await harness.revoke({ iss: ISS, match: { sub: `marked-sub-${i}` }, note: 'marked-note' })
      await harness.revoke({ iss: `marked-iss-${i}`, match: { sub: 'x' } })
    }
    await ask(0)
    // The first collection is itself a request that the second one tells of.
    await seriesOf()
    const before = await seriesOf()
    for (let i = 1; i < 20; i++) await ask(i)
    assert.equal(await seriesOf(), before)
    const { text } = await harness.call('GET', '/metrics')
    assert.ok(!text.includes('marked') && !text.includes('admin'), text)
  }))

/** Everything that a publisher can tell: what running it shows, and what needs a Store or somebody who waits. */
async function everyMetric(): Promise<Map<string, Metric>> {
  const meters = openMeters({ service: 'test' })
  const metrics = new PublisherMetrics(meters.meter)
  metrics.recordFsync(1)
  metrics.recordAppend(1)
  metrics.recordReceipt(1, 'enforced')
  metrics.recordSnapshot(1, 1)
  const clock = { now: () => 5_000, monotonic: () => 0 }
  observe(meters.meter, {
    clock,
    checks: () => [{ name: 'serving', ok: true }],
    replicas: () => [
      { state: 'live', silent: false, lagMs: 3_000 },
      { state: 'live', silent: true },
    ],
    backlog: () => ({ facts: 2, oldestRecordedAtMs: 1_000 }),
    clockDistanceMs: () => 0,
    maxEntries: 1,
    storeDir: tmpdir(),
  })
  const alone = readMetrics(await meters.text())
  await meters.close()
  let running = new Map<string, Metric>()
  await withPublisher({}, async (harness) => {
    await harness.call('GET', '/v1/snapshot')
    running = await metricsOf(harness)
  })
  return new Map([...alone, ...running, ...[...alone].filter(([name]) => !running.has(name))])
}

test('the backlog, its age, silent replicas and the disk of the Store', async () => {
  const meters = openMeters({ service: 'test' })
  observe(meters.meter, {
    clock: { now: () => 5_000, monotonic: () => 0 },
    checks: () => [],
    replicas: () => [
      { state: 'live', silent: false, lagMs: 3_000 },
      { state: 'stale', silent: false, lagMs: 2_000 },
      { state: 'live', silent: true },
    ],
    backlog: () => ({ facts: 2, oldestRecordedAtMs: 1_000 }),
    clockDistanceMs: () => undefined,
    maxEntries: 9,
    storeDir: tmpdir(),
  })
  const metrics = readMetrics(await meters.text())
  await meters.close()
  assert.deepEqual([sampleOf(metrics, 'backlog_facts'), sampleOf(metrics, 'backlog_age_seconds')], [2, 4])
  const states = [...(metrics.get('rescind_replicas')?.values ?? [])]
  assert.deepEqual(states, [
    ['{state="starting"}', 0],
    ['{state="live"}', 1],
    ['{state="stale"}', 1],
    ['{state="silent"}', 1],
  ])
  assert.equal(sampleOf(metrics, 'replicas_max_lag_seconds'), 3)
  assert.ok(sampleOf(metrics, 'store_free_bytes') > 0)
  assert.ok(sampleOf(metrics, 'store_disk_bytes') >= sampleOf(metrics, 'store_free_bytes'))
  assert.ok(!metrics.has('rescind_clock_distance_seconds'), 'what is not known is absent')
})

test('the table in README.md is what GET /metrics tells', async () => {
  const table = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8').split('\n## Metrics\n')[1] ?? ''
  const cells = [
    ...(table.split('\n## ')[0]?.matchAll(/^\| `([a-z_0-9]+)` +\| (\w+) +\| (.*?) +\| (.*?) +\|$/gm) ?? []),
  ]
  const documented = cells.map(([, name, type, labels, help]) => `| \`${name}\` | ${type} | ${labels} | ${help} |`)
  const told = [...(await everyMetric())].map(([name, { type, labels, help }]) => {
    const names = [...labels].map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${names} | ${help} |`
  })
  assert.deepEqual(documented.sort(), told.sort())
})
