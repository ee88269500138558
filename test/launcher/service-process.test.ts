import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isRunning } from './is-running.ts'
import { type ServiceProcess, startService } from './service-process.ts'
import { until } from './wait.ts'

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-service-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** A program of a few lines, run as a service. */
async function start(name: string, source: string, env: Record<string, string> = {}): Promise<ServiceProcess> {
  const program = join(folder, `${name}.mjs`)
  await writeFile(program, source)
  return startService({ name, program, env, folder })
}

const LISTENING = `console.log(JSON.stringify({ msg: 'listening', url: 'http://127.0.0.1:1' }));setInterval(() => {}, 1e3);`

test('a service is up once it says where it listens, and its output is kept', async () => {
  const service = await start('plain', LISTENING)
  assert.equal(service.url, 'http://127.0.0.1:1')
  await service.stop()
  assert.deepEqual(await service.ended, { how: 'by SIGTERM', asked: true })
  assert.throws(() => process.kill(service.pid, 0), 'its process is gone')
  assert.match(await readFile(join(folder, 'plain.log'), 'utf8'), /listening/)
})

test('it gets its own RESCIND_ variables and none of ours', async () => {
  process.env.RESCIND_STRAY = 'ours'
  const service = await start(
    'variables',
    `console.log('stray', process.env.RESCIND_STRAY, 'own', process.env.RESCIND_NAME);${LISTENING}`,
    { RESCIND_NAME: 'mine' },
  ).finally(() => {
    delete process.env.RESCIND_STRAY
  })
  await service.stop()
  assert.ok(service.lastLines.includes('stray undefined own mine'), service.lastLines.join('\n'))
})

test('one that ends before it listens is told with its exit code and last words', async () => {
  await assert.rejects(start('early', `console.error('no port left');process.exit(7)`), {
    message: /early ended with exit code 7\n\s+no port left/,
  })
})

test('one that ignores SIGTERM is ended by SIGKILL on request', async () => {
  const service = await start('stubborn', `process.on('SIGTERM', () => {});${LISTENING}`)
  await service.kill()
  assert.deepEqual(await service.ended, { how: 'by SIGKILL', asked: true })
})

test('one that ends by itself was not asked to', async () => {
  const service = await start('brief', `${LISTENING}process.exitCode = 3;setTimeout(() => process.exit(), 20)`)
  assert.deepEqual(await service.ended, { how: 'with exit code 3', asked: false })
  await service.stop()
})

/** Starts a program that starts a service and is killed when it has told the service's pid; resolves when that is gone. */
async function assertEndsWithStarter(name: string, source: string, tellsPid: string): Promise<void> {
  const program = join(folder, `${name}.mjs`)
  await writeFile(program, source)
  const starter = join(folder, `${name}-starter.mts`)
  const module = JSON.stringify(join(import.meta.dirname, 'service-process.ts'))
  const options = `{ ...${JSON.stringify({ name, program, env: {}, folder })}, onSpawned }`
  const told = `const onSpawned = ({ pid }) => { ${tellsPid === 'onSpawned' ? 'console.log(pid)' : ''} }`
  const after = `const { pid } = await startService(${options})\n${tellsPid === 'after' ? 'console.log(pid)' : ''}`
  await writeFile(starter, `import { startService } from ${module}\n${told}\n${after}`)
  const parent = spawn(process.execPath, ['--conditions=@rescind/source', '--import', 'tsx', starter], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [pid] = await once(parent.stdout, 'data')
  parent.kill('SIGKILL')
  const gone = async () => (isRunning(Number(pid)) ? undefined : true)
  await until(() => `${pid} is not gone`, gone, { withinMs: 30_000, signal: AbortSignal.timeout(60_000) })
}

test('one whose starter was killed outright ends, also if it ignores SIGTERM', () =>
  assertEndsWithStarter('orphan', `process.on('SIGTERM', () => {});${LISTENING}`, 'after'))

test('one whose starter was killed before it had begun ends, too', () =>
  assertEndsWithStarter('unborn', LISTENING, 'onSpawned'))

test('one that stands still answers nothing, goes on, and can be stopped where it stands', async () => {
  const service = await start('still', `${LISTENING}setInterval(() => console.log('tick'), 10)`)
  const ticks = async () => (await readFile(join(folder, 'still.log'), 'utf8')).split('tick').length
  await service.pause()
  const before = await ticks()
  assert.equal(await ticks(), before)
  service.resume()
  const more = async () => ((await ticks()) > before ? true : undefined)
  await until(() => 'it does not go on', more, { withinMs: 30_000, signal: AbortSignal.timeout(60_000) })
  await service.pause()
  await service.stop()
  assert.deepEqual(await service.ended, { how: 'by SIGTERM', asked: true })
})
