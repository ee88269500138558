import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { isRunning } from '../launcher/is-running.ts'
import { startNatsServer } from '../launcher/nats-server.ts'
import { REPOSITORY } from '../launcher/run-folder.ts'
import { eventually } from './harness.ts'

test('start --once walks through with a real broker, ends with 0 and leaves nothing behind', async () => {
  const run = start(['--once'])
  const { code, output } = await run.ended
  assert.equal(code, 0, output)
  assert.doesNotMatch(output, /✖/)
  for (const status of ['200 on', '401 on']) assert.ok(output.includes(status), `${status} is missing in ${output}`)
  assert.match(output, /All \d\d checks held\./)
  const lastLine = output.trim().split('\n').at(-1) ?? ''
  assert.match(
    lastLine,
    /^nats-server \d+\.\d+\.\d+\S* \(pid \d+\) · publisher \(pid \d+\) · api-1 .* · api-4 \(pid \d+\)$/,
  )
  assert.deepEqual(runningOf(lastLine), [])
  assert.deepEqual(foldersOf(run.pid), [])
})

test('start --once --memory walks through in one process and says so', async () => {
  const { code, output } = await start(['--once', '--memory'], { NATS_SERVER_BIN: '/nowhere/nats-server' }).ended
  assert.equal(code, 0, output)
  assert.match(output, /IN MEMORY: one process, no broker/)
  assert.match(output, /All \d\d checks held\./)
})

test('start stays up, its lines work when pasted, and SIGTERM stops everything it started', async () => {
  const run = start([])
  await run.says('Ctrl-C stops everything.')
  const lines = run.output().split('\n')
  const pasted = lines.filter((line) => /^(TOKEN=|curl )/.test(line)).join('\n')
  const shell = await runProgram('sh', ['-c', pasted], process.env).ended
  assert.deepEqual(
    shell.output.match(/ (200|401)$/gm)?.map((status) => status.trim()),
    ['200', '401', '401', '200'],
    shell.output,
  )
  run.signal('SIGTERM')
  const { code, output } = await run.ended
  assert.equal(code, 0, output)
  assert.deepEqual(runningOf(output), [])
  assert.deepEqual(foldersOf(run.pid), [])
})

test('a start that is killed outright takes everything with it', async () => {
  const run = start([])
  await run.says('Ctrl-C stops everything.')
  assert.equal(runningOf(run.output()).length, 6, 'the broker, the publisher and four APIs run')
  run.signal('SIGKILL')
  await run.ended
  await eventually(
    () => `nothing runs any more, but ${runningOf(run.output())} do`,
    async () => runningOf(run.output()).length === 0,
  )
})

test('a service that ends by itself is a failure, named with its last words', async () => {
  const run = start([])
  await run.says('Ctrl-C stops everything.')
  const [, pid] = /api-2 \(pid (\d+)\)/.exec(run.output()) ?? []
  process.kill(Number(pid), 'SIGKILL')
  const { code, output } = await run.ended
  assert.equal(code, 1, output)
  assert.match(output, /api-2 ended by SIGKILL/)
  assert.deepEqual(runningOf(output), [])
})

test('start uses the broker that NATS_URL names, also when other runs have used it before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-'))
  const binary = await findNatsServer({ env: process.env })
  const broker = await startNatsServer({ binary, storeDir: folder, jetstream: true })
  try {
    for (let i = 0; i < 2; i++) {
      const { code, output } = await start(['--once'], { NATS_URL: broker.url }).ended
      assert.equal(code, 0, output)
      assert.ok(output.includes(`nats-server ${broker.version} (at ${broker.url})`), output)
    }
  } finally {
    await broker.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

test('without a broker, start ends with 3 and four ways to get one; with a mistaken option, with 2', async () => {
  const without = await start(['--once'], { NATS_SERVER_BIN: '/nowhere/nats-server' }).ended
  assert.equal(without.code, 3, without.output)
  for (const way of ['apt-get install', 'brew install', 'docker run', 'go install']) {
    assert.ok(without.output.includes(way), `${way} is missing in ${without.output}`)
  }
  const mistaken = await start(['--onec']).ended
  assert.equal(mistaken.code, 2)
  assert.match(mistaken.output, /unknown option --onec/)
})

interface Run {
  readonly pid: number
  output(): string
  /** Resolves once the output holds `text`; rejects if the process ends before. */
  says(text: string): Promise<void>
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<{ code: number | null; output: string }>
}

function start(args: readonly string[], env: Record<string, string> = {}): Run {
  const { NATS_URL: _, ...surroundings } = process.env
  const flags = ['--conditions=@rescind/source', '--import', 'tsx', 'test/launcher/main.ts']
  return runProgram(process.execPath, [...flags, ...args], { ...surroundings, ...env })
}

function runProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Run {
  const child = spawn(program, args, { cwd: REPOSITORY, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }))
  })
  return {
    pid: child.pid ?? 0,
    output: () => output,
    says: (text) =>
      eventually(
        () => `it says ${text}, but ${output}`,
        async () => {
          assert.equal(child.exitCode, null, output)
          return output.includes(text)
        },
      ),
    signal: (signal) => void child.kill(signal),
    ended,
  }
}

/** The processes named in the output that still run. */
function runningOf(output: string): number[] {
  const pids = [...output.matchAll(/\(pid (\d+)\)/g)].map(([, pid]) => Number(pid))
  return pids.filter(isRunning)
}

function foldersOf(pid: number): string[] {
  return readdirSync(join(REPOSITORY, '.rescind')).filter((name) => name.startsWith(`run-${pid}-`))
}
