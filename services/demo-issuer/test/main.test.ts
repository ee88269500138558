import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startDemoIssuer } from '../src/index.ts'
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

test('--help says what it is, lists the variables and ends with 0', async () => {
  const { output, ended } = start({}, '--help')
  assert.equal(await ended, 0, output.stderr)
  assert.match(output.stdout, /FOR DEMONSTRATIONS ONLY/)
  for (const name of ['HOST', 'PORT', 'ISSUER', 'AUDIENCE', 'LOG_LEVEL']) assert.match(output.stdout, RegExp(name))
})

test('mistakes in the configuration end it with 2, all of them named', async () => {
  const { output, ended } = start({ RESCIND_PORT: '65536', RESCIND_LOG_LEVEL: 'loud' })
  assert.equal(await ended, 2)
  for (const name of ['RESCIND_PORT', 'RESCIND_LOG_LEVEL']) assert.match(output.stderr, new RegExp(`^${name}: `, 'm'))
})

test('a port that is taken ends it with 2 and says what to do', async () => {
  const other = await startDemoIssuer('https://issuer.example')
  try {
    const { output, ended } = start({ RESCIND_PORT: new URL(other.url).port })
    assert.equal(await ended, 2, output.stdout)
    assert.match(output.stderr, /set RESCIND_PORT to another one/)
  } finally {
    await other.close()
  }
})

test('it warns, says where it listens, gives a token, and stops on SIGTERM with 0', async () => {
  const { child, output, ended } = start({ RESCIND_PORT: '0' })
  try {
    const listening = () => output.stdout.split('\n').find((line) => line.includes('"msg":"listening"'))
    await until('it listens', () => listening() !== undefined || child.exitCode !== null)
    assert.match(output.stdout, /FOR DEMONSTRATIONS ONLY/)
    const { url } = JSON.parse(listening() ?? assert.fail(output.stderr)) as { url: string }
    const token = await (await fetch(`${url}/token`)).text()
    assert.equal(token.split('.').length, 3)
    child.kill('SIGTERM')
    assert.equal(await ended, 0, output.stdout)
    assert.ok(!output.stdout.includes(token), 'tokens are not logged')
  } finally {
    child.kill('SIGKILL')
    await ended
  }
})
