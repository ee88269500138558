import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { publicNkey } from '@rescind/log/operator'
import { hashKey } from '../src/keys.ts'
import { until } from './until.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const STORE = mkdtempSync(join(tmpdir(), 'rescind-store-'))
after(() => rmSync(STORE, { recursive: true, force: true }))
const ONE = { RESCIND_ISSUER: 'https://id.example', RESCIND_MAX_EXPIRY: '15m', RESCIND_STORE_DIR: STORE }

interface Started {
  readonly child: ChildProcess
  readonly output: { out: string; err: string }
  readonly ended: Promise<{ code: number | null; out: string; err: string }>
}

function start(args: string[], env: Record<string, string>): Started {
  const inherited = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }
  const child = spawn(process.execPath, ['--conditions=@rescind/source', '--import', 'tsx', MAIN, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    output.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.err += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
  return { child, output, ended }
}

test('--help, --new-key, --new-nkey and --print-config print and end with 0', async () => {
  const [help, made, nkey, printed] = await Promise.all([
    start(['--help'], {}).ended,
    start(['--new-key', 'ann', '--scope', 'revocations:write'], {}).ended,
    start(['--new-nkey'], {}).ended,
    start(['--print-config'], { ...ONE, NATS_USER: 'u', NATS_PASSWORD: 'hunter2' }).ended,
  ])
  assert.deepEqual([help.code, made.code, nkey.code, printed.code], [0, 0, 0, 0], help.err + made.err + printed.err)
  const seed = /^SU\S+$/m.exec(nkey.out)?.[0] ?? ''
  assert.equal(/^U\S+$/m.exec(nkey.out)?.[0], publicNkey(seed))
  for (const name of ['RESCIND_KEYS', 'RESCIND_ISSUERS', 'NATS_URL', '/v1/revocations'])
    assert.ok(help.out.includes(name))
  const key = /^rsk_\S+$/m.exec(made.out)?.[0] ?? ''
  const kept = JSON.parse(/^\{.*\}$/m.exec(made.out)?.[0] ?? '{}')
  assert.deepEqual(kept, { name: 'ann', hash: hashKey(key), scopes: ['revocations:write'] })
  assert.equal(JSON.parse(printed.out).publisher.issuers[0].maxExpiryMs, 900_000)
  assert.ok(!printed.out.includes('hunter2'))
})

test('--setup says what it wrote, and ends with 2 where files contradict each other', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-setup-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const made = await start(['--setup', folder], {}).ended
  assert.equal(made.code, 0, made.err)
  assert.match(made.out, /^wrote {3}.*publisher\/nats\.nk/m)
  assert.ok(!made.out.includes(readFileSync(join(folder, 'publisher/nats.nk'), 'utf8').trim()))
  writeFileSync(join(folder, 'publisher/nats.nk'), 'no seed')
  const again = await start(['--setup', folder], {}).ended
  assert.equal(again.code, 2)
  assert.match(again.err, /publisher\/nats\.nk: holds no such secret/)
})

test('mistakes end it with 2 and are all named', async () => {
  const env = { ...ONE, RESCIND_HOST: '0.0.0.0', RESCIND_PORT: 'http', RESCIND_LOG_LEVEL: 'loud' }
  const [configured, asked] = await Promise.all([start([], env).ended, start(['--frobnicate'], ONE).ended])
  assert.deepEqual([configured.code, asked.code], [2, 2])
  for (const name of ['RESCIND_KEYS', 'RESCIND_PORT', 'RESCIND_LOG_LEVEL'])
    assert.match(configured.err, new RegExp(`^${name}: `, 'm'))
  assert.match(asked.err, /frobnicate/)
})

/** Nobody listens on port 9 (discard) of this machine, and the publisher serves all the same. */
const AWAY = { ...ONE, RESCIND_PORT: '0', NATS_URL: 'nats://127.0.0.1:9' }

async function listening(started: Started): Promise<string> {
  return until(
    `it listens; so far: ${started.output.err}`,
    () => /"url":"(http:[^"]+)".*"msg":"listening"/.exec(started.output.out)?.[1],
  )
}

test('SIGTERM ends it with 0, also while its broker is away', async () => {
  const started = start([], AWAY)
  try {
    const url = await listening(started)
    assert.equal((await fetch(`${url}/livez`)).status, 200)
    assert.equal((await fetch(`${url}/readyz`)).status, 503)
    started.child.kill('SIGTERM')
    assert.equal((await started.ended).code, 0)
  } finally {
    started.child.kill('SIGKILL')
  }
})

test('a second signal ends it at once, with 1', async () => {
  const started = start([], { ...AWAY, RESCIND_SHUTDOWN_DELAY_MS: '60000' })
  try {
    const url = await listening(started)
    started.child.kill('SIGINT')
    await until('it is stopping', async () => (await (await fetch(`${url}/readyz`)).text()).includes('"serving"'))
    started.child.kill('SIGINT')
    assert.equal((await started.ended).code, 1)
  } finally {
    started.child.kill('SIGKILL')
  }
})
