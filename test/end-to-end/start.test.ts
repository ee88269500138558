import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './harness.ts'
import { foldersOf, removeFoldersOf, runningOf, runProgram, start } from './run-start.ts'

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

test('a start that is killed outright takes everything with it', async (t) => {
  const run = start([])
  t.after(() => removeFoldersOf(run.pid))
  await run.says('Ctrl-C stops everything.')
  assert.equal(runningOf(run.output()).length, 6, 'the broker, the publisher and four APIs run')
  run.signal('SIGKILL')
  await run.ended
  await eventually(
    () => `nothing runs any more, but ${runningOf(run.output())} do`,
    async () => runningOf(run.output()).length === 0,
  )
})

test('a service that ends by itself is a failure, named with its last words and the place of the rest', async (t) => {
  const run = start([])
  t.after(() => removeFoldersOf(run.pid))
  await run.says('Ctrl-C stops everything.')
  const [, pid] = /api-2 \(pid (\d+)\)/.exec(run.output()) ?? []
  process.kill(Number(pid), 'SIGKILL')
  const { code, output } = await run.ended
  assert.equal(code, 1, output)
  assert.match(output, /api-2 ended by SIGKILL/)
  const [folder] = foldersOf(run.pid)
  assert.ok(folder !== undefined && output.includes(`The output of the processes is in .rescind/${folder}`), output)
  assert.deepEqual(runningOf(output), [])
})

test('without a broker, start ends with 3 and four ways to get one; with a mistaken option, with 2', async () => {
  const run = start(['--once'], { NATS_SERVER_BIN: '/nowhere/nats-server' })
  const without = await run.ended
  assert.equal(without.code, 3, without.output)
  const { code, output: help } = await start(['--help']).ended
  assert.equal(code, 0)
  for (const way of ['apt-get install', 'brew install', 'docker run', 'go install']) {
    assert.ok(without.output.includes(way), `${way} is missing in ${without.output}`)
    assert.ok(help.includes(way), `${way} is missing in ${help}`)
  }
  assert.doesNotMatch(without.output, /The output of the processes/)
  assert.deepEqual(foldersOf(run.pid), [])
  const mistaken = await start(['--onec']).ended
  assert.equal(mistaken.code, 2)
  assert.match(mistaken.output, /unknown option --onec/)
})

test('without docker, start --compose ends with 3 and says how to get it', async () => {
  const run = start(['--compose', '--once'], { PATH: '/nowhere' })
  const { code, output } = await run.ended
  assert.equal(code, 3, output)
  assert.match(output, /There is no docker on this machine/)
  assert.match(output, /apt-get install -y docker\.io docker-compose/)
  assert.deepEqual(foldersOf(run.pid), [])
})

test('start --once that is stopped before its end says so and ends with 130', async () => {
  const run = start(['--once'])
  await run.says('Starting a broker')
  run.signal('SIGINT')
  const { code, output } = await run.ended
  assert.equal(code, 130, output)
  assert.match(output, /Stopped before the end: exit code 130\./)
  assert.deepEqual(foldersOf(run.pid), [])
})
