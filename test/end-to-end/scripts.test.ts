import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { REPOSITORY } from '../launcher/run-folder.ts'
import { runningOf, runProgram } from './run-start.ts'

const { packageManager } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  packageManager: string
}

/** Without what would make a nested runner report to the one that runs this file. */
function surroundings(): NodeJS.ProcessEnv {
  const { NATS_URL: _, NODE_TEST_CONTEXT: __, ...env } = process.env
  return env
}

test('Ctrl-C under pnpm start stops everything and ends with 0, without a word of failure', async () => {
  const program = pnpm()
  // Where it finds itself: it may install first, if a manifest has changed.
  const env = { ...surroundings(), PATH: `${dirname(program)}${delimiter}${process.env.PATH}` }
  const run = runProgram(process.execPath, [program, 'start'], env, { inGroup: true })
  await run.says('Ctrl-C stops everything.')
  run.pressCtrlC()
  const { code, output } = await run.ended
  assert.equal(code, 0, output)
  assert.match(output, /Stopping …/)
  assert.doesNotMatch(output, /ELIFECYCLE|failed/)
  assert.deepEqual(runningOf(output), [])
})

/** The pnpm that runs us, or, if none does, the one that the README names. */
function pnpm(): string {
  const { npm_execpath: running } = process.env
  if (running && /pnpm/.test(running)) return running
  const found = execFileSync('npx', ['-y', '-p', packageManager, '-c', 'command -v pnpm'], { encoding: 'utf8' })
  return found.trim()
}
