import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isLoopback, printConfig, type ReadConfig, readConfig } from '../src/config.ts'
import { newKey } from '../src/keys.ts'

const ONE = { RESCIND_ISSUER: 'https://id.example', RESCIND_MAX_EXPIRY: '15m', RESCIND_STORE_DIR: 'store' }

function mistakes(read: ReadConfig): readonly string[] {
  return read.ok ? [] : read.mistakes
}

function accepted(read: ReadConfig) {
  assert.ok(read.ok, mistakes(read).join('\n'))
  return read.config
}

test('one issuer from single variables, everything else by default', () => {
  const config = accepted(readConfig(ONE))
  assert.deepEqual(config, {
    publisher: {
      host: '127.0.0.1',
      port: 8080,
      issuers: [
        {
          iss: 'https://id.example',
          maxExpiryMs: 900_000,
          maxSessionMs: 30 * 86_400_000,
          clockSkewMs: 0,
          leewayMs: 60_000,
        },
      ],
      keys: [],
      rateLimit: 2_500,
      storeDir: 'store',
      retainMs: 30 * 86_400_000,
      auditKeptMs: 400 * 86_400_000,
      shutdownDelayMs: 0,
    },
    nats: { servers: ['nats://127.0.0.1:4222'], inboxPrefix: '_INBOX_publisher' },
    logLevel: 'info',
  })
})

test('several issuers, keys and the broker from their variables', () => {
  const { kept } = newKey('admin', ['revocations:write'])
  const config = accepted(
    readConfig({
      RESCIND_HOST: '0.0.0.0',
      RESCIND_PORT: '0',
      RESCIND_STORE_DIR: '/data',
      RESCIND_RETENTION: '7d',
      RESCIND_AUDIT_RETENTION: '90d',
      RESCIND_ISSUERS: JSON.stringify([
        { iss: 'a', maxExpiry: '1h', maxSession: '7d', clockSkew: '500ms', leeway: '90s' },
        { iss: 'b', maxExpiry: '15m' },
      ]),
      RESCIND_KEYS: JSON.stringify([kept]),
      NATS_URL: 'nats://a:4222, nats://b:4222',
      NATS_USER: 'publisher',
      NATS_PASSWORD: 'secret',
      NATS_TLS: 'true',
      RESCIND_IMPORTED: 'true',
      RESCIND_STREAM: 'R2',
      RESCIND_SUBJECT_PREFIX: 'eu.r2',
      RESCIND_STREAM_REPLICAS: '3',
      RESCIND_STREAM_MAX_BYTES: '2097152',
      RESCIND_SHUTDOWN_DELAY_MS: '5000',
      RESCIND_LOG_LEVEL: 'debug',
    }),
  )
  assert.deepEqual(
    config.publisher.issuers.map((issuer) => Object.values(issuer)),
    [
      ['a', 3_600_000, 604_800_000, 500, 90_000],
      ['b', 900_000, 2_592_000_000, 0, 60_000],
    ],
  )
  assert.deepEqual(config.publisher.keys, [kept])
  const { subjects, ...nats } = config.nats
  assert.equal(subjects?.log, 'eu.r2.log')
  assert.equal(subjects?.create, 'eu.r2.write.create')
  assert.deepEqual(nats, {
    servers: ['nats://a:4222', 'nats://b:4222'],
    user: 'publisher',
    password: 'secret',
    tls: {},
    inboxPrefix: '_INBOX_publisher',
    stream: 'R2',
    replicas: 3,
    maxBytes: 2_097_152,
  })
})

test('all mistakes are told at once, each with its place', () => {
  const found = mistakes(
    readConfig({
      RESCIND_PORT: '80800',
      RESCIND_STORE_DIR: '',
      RESCIND_RETENTION: '11y',
      RESCIND_AUDIT_RETENTION: '4000d',
      RESCIND_HOST: '0.0.0.0',
      RESCIND_STREAM: 'a.b',
      RESCIND_SUBJECT_PREFIX: 'a.*',
      RESCIND_STREAM_REPLICAS: '2',
      RESCIND_LOG_LEVEL: 'loud',
      RESCIND_SHUTDOWN_DELAY_MS: '-1',
      NATS_URL: 'nats://a,,',
      NATS_TOKEN: 't',
      NATS_CREDS: 'c',
      NATS_PASSWORD_FILE: '/nowhere/at/all',
      RESCIND_ISSUERS: JSON.stringify([
        { iss: '', maxExpiry: '1 hour' },
        { iss: 'b', maxExpiry: '500d', leeway: '20m', clockSkew: 5, more: 1 },
      ]),
      RESCIND_MAX_SESSION: '1d',
    }),
  )
  for (const expected of [
    /^RESCIND_PORT: must be a whole number from 0 to 65535$/,
    /^RESCIND_STORE_DIR: /,
    /^RESCIND_RETENTION: must be a duration such as/,
    /^RESCIND_AUDIT_RETENTION: must be from 0 to /,
    /^RESCIND_STREAM: must be 1 to 64/,
    /^RESCIND_SUBJECT_PREFIX: must be names/,
    /^RESCIND_STREAM_REPLICAS: must be 1, 3 or 5$/,
    /^RESCIND_LOG_LEVEL: must be a level/,
    /^RESCIND_SHUTDOWN_DELAY_MS: must be a whole number/,
    /^NATS_URL: must be a list of servers/,
    /^NATS_TOKEN, NATS_CREDS: are several ways to authenticate/,
    /^NATS_PASSWORD_FILE: \/nowhere\/at\/all cannot be read: ENOENT$/,
    /^RESCIND_ISSUERS\/0\/iss: must be the exact "iss"/,
    /^RESCIND_ISSUERS\/0\/maxExpiry: must be a duration such as/,
    /^RESCIND_ISSUERS\/1\/maxExpiry: must be from 1000 to 34560000000 ms$/,
    /^RESCIND_ISSUERS\/1\/leeway: must be from 0 to 600000 ms$/,
    /^RESCIND_ISSUERS\/1\/clockSkew: must be a duration as text/,
    /^RESCIND_MAX_SESSION: give this or RESCIND_ISSUERS, not both$/,
    /^RESCIND_KEYS: is required, because others than this machine reach 0\.0\.0\.0/,
  ]) {
    assert.ok(
      found.some((mistake) => expected.test(mistake)),
      `${expected} is not among\n${found.join('\n')}`,
    )
  }
})

test('no issuer at all, or half of one, is refused', () => {
  const read = (env: Record<string, string>) => readConfig({ RESCIND_STORE_DIR: 'store', ...env })
  assert.deepEqual(mistakes(read({})), ['RESCIND_ISSUERS: is required, or RESCIND_ISSUER with RESCIND_MAX_EXPIRY'])
  assert.deepEqual(mistakes(read({ RESCIND_ISSUER: 'a' })), ['RESCIND_MAX_EXPIRY: is required beside RESCIND_ISSUER'])
  assert.deepEqual(mistakes(read({ RESCIND_ISSUERS: '[]' })), ['RESCIND_ISSUERS: must name at least one issuer'])
  assert.deepEqual(mistakes(read({ RESCIND_ISSUERS: 'a, b' })), ['RESCIND_ISSUERS: must be JSON'])
  const twice = JSON.stringify([
    { iss: 'a', maxExpiry: '1h' },
    { iss: 'a', maxExpiry: '2h' },
  ])
  assert.deepEqual(mistakes(read({ RESCIND_ISSUERS: twice })), ['RESCIND_ISSUERS: names an issuer twice'])
})

test('keys are hashes with scopes, each name and key once', () => {
  const { kept, key } = newKey('a', ['revocations:write'])
  const read = (keys: unknown) => mistakes(readConfig({ ...ONE, RESCIND_KEYS: JSON.stringify(keys) }))
  assert.deepEqual(read([kept]), [])
  assert.match(read([{ ...kept, hash: key }])[0] ?? '', /^RESCIND_KEYS\/0\/hash: must be "sha256:" and 64/)
  assert.match(read([{ ...kept, scopes: [] }])[0] ?? '', /^RESCIND_KEYS\/0\/scopes: must name at least one/)
  assert.match(read([{ ...kept, scopes: ['all'] }])[0] ?? '', /^RESCIND_KEYS\/0\/scopes\/0: must be one of revocations/)
  assert.deepEqual(read([kept, kept]), [
    'RESCIND_KEYS: holds two keys of one name',
    'RESCIND_KEYS: holds one key twice',
  ])
  assert.match(read([{ ...kept, scope: [] }])[0] ?? '', /^RESCIND_KEYS\/0: has no field scope/)
})

test('without keys only a loopback address is listened on', () => {
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'api.example', '128.0.0.1']) {
    assert.match(mistakes(readConfig({ ...ONE, RESCIND_HOST: host })).join(), /^RESCIND_KEYS: is required/, host)
    assert.match(mistakes(readConfig({ ...ONE, RESCIND_HOST: host, RESCIND_KEYS: '[ ]' })).join(), /^RESCIND_KEYS/)
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
    assert.deepEqual(mistakes(readConfig({ ...ONE, RESCIND_HOST: host })), [])
    assert.ok(isLoopback(host))
  }
})

test('secrets come from files, and not from both places', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'password')
  writeFileSync(path, 'hunter2\n')
  const env = { ...ONE, NATS_USER: 'u', NATS_PASSWORD_FILE: path }
  assert.equal(accepted(readConfig(env)).nats.password, 'hunter2')
  assert.deepEqual(mistakes(readConfig({ ...env, NATS_PASSWORD: 'x' })), [
    'NATS_PASSWORD_FILE: give this or NATS_PASSWORD, not both',
  ])
})

test('the inbox prefix of publishers can be another one', () => {
  assert.equal(accepted(readConfig({ ...ONE, NATS_INBOX_PREFIX: '_INBOX.p' })).nats.inboxPrefix, '_INBOX.p')
})

test('an empty variable counts as absent', () => {
  assert.equal(accepted(readConfig({ ...ONE, RESCIND_PORT: '', RESCIND_KEYS: '' })).publisher.port, 8080)
})

test('the printed configuration holds no secret', () => {
  const config = accepted(
    readConfig({
      ...ONE,
      NATS_URL: 'nats://user:tres-secret@a:4222,tls://b',
      NATS_USER: 'u',
      NATS_PASSWORD: 'tres-secret',
    }),
  )
  const printed = printConfig(config)
  assert.ok(!printed.includes('tres-secret'), printed)
  assert.match(printed, /"nats:\/\/\[redacted\]@a:4222"/)
  assert.match(printed, /"maxExpiryMs": 900000/)
})
