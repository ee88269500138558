import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function start(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, ['--conditions=@rescind/source', '--import', 'tsx', MAIN, ...args], {
    env: { PATH: process.env.PATH, ...env },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, output, ended }
}

test('--help lists the variables and ends with 0', async () => {
  const { output, ended } = start({}, '--help')
  assert.equal(await ended, 0, output.stderr)
  assert.match(output.stdout, /RESCIND_WHEN_UNKNOWN/)
})

test('mistakes in the configuration end it with 2, all of them named', async () => {
  const { output, ended } = start({ RESCIND_PORT: 'x', RESCIND_ISSUER: 'https://id.example' })
  assert.equal(await ended, 2)
  for (const name of ['RESCIND_PORT', 'RESCIND_AUDIENCE', 'RESCIND_WHEN_UNKNOWN', 'RESCIND_SNAPSHOT_URL']) {
    assert.match(output.stderr, new RegExp(`^${name}: `, 'm'))
  }
})

test('it starts while broker, publisher and issuer are away, says that it is not ready, and stops on SIGTERM', async () => {
  const { child, output, ended } = start({
    RESCIND_PORT: '0',
    // Port 9 is "discard", which nobody serves.
    NATS_URL: 'nats://127.0.0.1:9',
    RESCIND_SNAPSHOT_URL: 'http://127.0.0.1:9/v1/snapshot',
    RESCIND_SNAPSHOT_TOKEN: 'rsk_not_to_be_logged',
    RESCIND_ISSUER: 'https://id.example',
    RESCIND_AUDIENCE: 'https://api.example',
    RESCIND_JWKS_URL: 'http://127.0.0.1:9/jwks',
    RESCIND_MAX_EXPIRY: '1h',
    RESCIND_WHEN_UNKNOWN: 'reject',
  })
  try {
    const listening = () => output.stdout.split('\n').find((line) => line.includes('"msg":"listening"'))
    await until('it listens', () => listening() !== undefined || child.exitCode !== null)
    const { url } = JSON.parse(listening() ?? assert.fail(output.stderr)) as { url: string }
    assert.equal((await fetch(`${url}/livez`)).status, 200)
    assert.equal((await fetch(`${url}/readyz`)).status, 503)
    child.kill('SIGTERM')
    assert.equal(await ended, 0, output.stdout)
    assert.doesNotMatch(output.stdout + output.stderr, /rsk_not_to_be_logged/)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
})
