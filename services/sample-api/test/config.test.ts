import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Environment } from '@rescind/subscriber'
import { readConfig } from '../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'rescind-sample-api-'))
after(() => rmSync(folder, { recursive: true }))

const ENOUGH: Environment = {
  RESCIND_SNAPSHOT_URL: 'http://127.0.0.1:8080/v1/snapshot',
  RESCIND_ISSUER: 'https://id.example',
  RESCIND_AUDIENCE: 'https://api.example',
  RESCIND_JWKS_URL: 'https://id.example/jwks',
  RESCIND_MAX_EXPIRY: '1h',
  RESCIND_WHEN_UNKNOWN: 'reject',
}

function configOf(env: Environment) {
  const read = readConfig({ ...ENOUGH, ...env })
  assert.ok(read.ok, JSON.stringify(read))
  return read.config
}

function mistakesOf(env: Environment): string[] {
  const read = readConfig({ ...ENOUGH, ...env })
  assert.ok(!read.ok, 'must be refused')
  return read.mistakes.map((mistake) => mistake.split(':')[0] as string)
}

test('what is required is enough, and the rest has defaults', () => {
  assert.deepEqual(configOf({ PATH: '/usr/bin' }), {
    api: {
      host: '127.0.0.1',
      port: 8081,
      issuer: 'https://id.example',
      audience: 'https://api.example',
      algorithms: ['ES256'],
      jwksUrl: 'https://id.example/jwks',
      maxExpiryMs: 3_600_000,
      whenUnknown: 'reject',
    },
    nats: { servers: ['nats://127.0.0.1:4222'] },
    snapshotUrl: 'http://127.0.0.1:8080/v1/snapshot',
    logLevel: 'info',
  })
})

test('everything can be said', () => {
  const config = configOf({
    RESCIND_HOST: '0.0.0.0',
    RESCIND_PORT: '0',
    RESCIND_NAME: 'api-1',
    NATS_URL: 'nats://a:4222, nats://b:4222',
    NATS_TOKEN: 'secret',
    RESCIND_STREAM: 'OTHER',
    RESCIND_SUBJECT_PREFIX: 'other',
    RESCIND_IMPORTED: 'true',
    RESCIND_SNAPSHOT_TOKEN: 'rsk_x',
    RESCIND_ALGORITHMS: 'ES256,RS256',
    RESCIND_MAX_EXPIRY: '90s',
    RESCIND_WHEN_UNKNOWN: 'accept',
    RESCIND_STALE_AFTER_MS: '1500',
    RESCIND_LOG_LEVEL: 'silent',
  })
  const { subjects, ...nats } = config.nats
  assert.deepEqual(nats, { servers: ['nats://a:4222', 'nats://b:4222'], stream: 'OTHER', token: 'secret' })
  assert.equal(subjects?.live, 'other.live')
  assert.equal(subjects?.info, 'other.read.info')
  assert.equal(config.snapshotToken, 'rsk_x')
  const { port, name, algorithms, maxExpiryMs, whenUnknown, staleAfterMs } = config.api
  assert.deepEqual(
    { port, name, algorithms, maxExpiryMs, whenUnknown, staleAfterMs },
    {
      port: 0,
      name: 'api-1',
      algorithms: ['ES256', 'RS256'],
      maxExpiryMs: 90_000,
      whenUnknown: 'accept',
      staleAfterMs: 1_500,
    },
  )
})

test('R18: whenUnknown has no default', () => {
  assert.deepEqual(mistakesOf({ RESCIND_WHEN_UNKNOWN: undefined }), ['RESCIND_WHEN_UNKNOWN'])
  assert.deepEqual(mistakesOf({ RESCIND_WHEN_UNKNOWN: 'maybe' }), ['RESCIND_WHEN_UNKNOWN'])
})

test('all mistakes are named at once, also when a variable is empty', () => {
  const env: Environment = {
    RESCIND_PORT: '99999',
    RESCIND_NAME: 'not a name',
    RESCIND_SUBJECT_PREFIX: 'rescind.>',
    RESCIND_SNAPSHOT_URL: 'file:///etc/passwd',
    RESCIND_ISSUER: '',
    RESCIND_JWKS_URL: 'nonsense',
    RESCIND_ALGORITHMS: 'HS256',
    RESCIND_MAX_EXPIRY: '0s',
    RESCIND_STALE_AFTER_MS: '-1',
    RESCIND_LOG_LEVEL: 'loud',
    NATS_TLS: 'maybe',
    NATS_NKEY: 'no seed',
  }
  assert.deepEqual(mistakesOf(env).sort(), Object.keys(env).sort())
})

test('in an account of the broker that imports the log, a replica needs the name of its user', () => {
  assert.deepEqual(mistakesOf({ RESCIND_IMPORTED: 'true' }), ['RESCIND_NAME'])
  assert.equal(configOf({ RESCIND_IMPORTED: 'true', RESCIND_NAME: 'api' }).api.name, 'api')
  assert.equal(configOf({ RESCIND_IMPORTED: 'false' }).api.name, undefined)
})

test('a duration is a number and a unit', () => {
  for (const text of ['1', 'h', '1.5h', '1 h', '1w', '-1h', '9999999999999h']) {
    assert.deepEqual(mistakesOf({ RESCIND_MAX_EXPIRY: text }), ['RESCIND_MAX_EXPIRY'], text)
  }
  for (const [text, ms] of Object.entries({ '500ms': 500, '90s': 90_000, '15m': 900_000, '30d': 2_592_000_000 })) {
    assert.equal(configOf({ RESCIND_MAX_EXPIRY: text }).api.maxExpiryMs, ms)
  }
})

test('a secret may come from a file, but not from two places', () => {
  const path = join(folder, 'token')
  writeFileSync(path, 'rsk_from_file\n')
  assert.equal(configOf({ RESCIND_SNAPSHOT_TOKEN_FILE: path }).snapshotToken, 'rsk_from_file')
  assert.deepEqual(mistakesOf({ RESCIND_SNAPSHOT_TOKEN_FILE: join(folder, 'absent') }), ['RESCIND_SNAPSHOT_TOKEN_FILE'])
  const both = { RESCIND_SNAPSHOT_TOKEN_FILE: path, RESCIND_SNAPSHOT_TOKEN: 'rsk_x' }
  assert.deepEqual(mistakesOf(both), ['RESCIND_SNAPSHOT_TOKEN_FILE'])
})
