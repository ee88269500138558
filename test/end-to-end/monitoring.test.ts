import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { openMeters } from '@rescind/telemetry'
import { startPublisher } from '../../services/publisher/src/publisher.ts'
import { readAlertRules } from '../../services/publisher/test/monitoring/alert-rules.ts'
import { queriesOf, readDashboard } from '../../services/publisher/test/monitoring/dashboard.ts'
import { startSampleApi } from '../../services/sample-api/src/sample-api.ts'

const ISS = 'https://id.example'
const HOUR_MS = 3_600_000

/** The names in what GET /metrics of a publisher and an API answers, while both run. */
async function namesTold(): Promise<Set<string>> {
  const log = memoryLog({ clock: systemClock })
  const meters = openMeters({ service: 'test' })
  const storeDir = await mkdtemp(join(tmpdir(), 'rescind-store-'))
  const issuer = { iss: ISS, maxExpiryMs: HOUR_MS, maxSessionMs: HOUR_MS, clockSkewMs: 0, leewayMs: 0 }
  const publisher = await startPublisher({
    config: {
      host: '127.0.0.1',
      port: 0,
      issuers: [issuer],
      keys: [],
      shutdownDelayMs: 0,
      storeDir,
      retainMs: HOUR_MS,
      auditKeptMs: HOUR_MS,
    },
    log: { publisher: log, replica: log.replicaLog },
    meters,
  })
  const api = await startSampleApi({
    config: {
      host: '127.0.0.1',
      port: 0,
      issuer: ISS,
      audience: ISS,
      algorithms: ['ES256'],
      jwksUrl: 'http://127.0.0.1:9/',
      maxExpiryMs: HOUR_MS,
      whenUnknown: 'reject',
    },
    log: log.replicaLog,
  })
  try {
    await Promise.all([untilReady(publisher.url), untilReady(api.url)])
    await fetch(`${publisher.url}/v1/snapshot`)
    // Somebody waits for a receipt, which is given at once.
    const asked = await fetch(`${publisher.url}/v1/revocations?wait=enforced&timeoutMs=0`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ match: { sub: 'ann' } }),
    })
    assert.equal(asked.status, 201, await asked.text())
    const texts = await Promise.all([publisher, api].map(async ({ url }) => (await fetch(`${url}/metrics`)).text()))
    return new Set(texts.flatMap((text) => [...text.matchAll(/^([a-z_0-9]+)(?:\{| )/gm)].map(([, name = '']) => name)))
  } finally {
    await api.close()
    await publisher.close()
    await rm(storeDir, { recursive: true, force: true })
  }
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 20_000
  while ((await fetch(`${url}/readyz`)).status !== 200) {
    assert.ok(performance.now() < deadline, `${url} does not become ready`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const namesIn = (expr: string): string[] => expr.match(/\b(?:rescind|process)_[a-z_0-9]+/g) ?? []

test('alerts and panels ask for what the services really tell, and no metric is without a panel', async () => {
  const told = await namesTold()
  const queries = queriesOf(readDashboard())
  const unknown = [...readAlertRules().map(({ alert, expr }) => ({ title: alert, expr })), ...queries].flatMap(
    ({ title, expr }) => namesIn(expr).flatMap((name) => (told.has(name) ? [] : `${title} asks for ${name}`)),
  )
  assert.deepEqual(unknown, [])
  const shown = new Set(queries.flatMap(({ expr }) => namesIn(expr)).map(family))
  const hidden = [...told].map(family).filter((name) => !shown.has(name))
  assert.deepEqual(
    [...new Set(hidden)].filter((name) => name !== 'target_info'),
    [],
    'give these a panel',
  )
})

/** A histogram's name, whichever of its lines it is. */
function family(name: string): string {
  return name.replace(/_(bucket|sum|count)$/, '')
}
