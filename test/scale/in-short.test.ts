import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Cleanup } from '../launcher/cleanup.ts'
import { ProcessDriver } from './drivers/process-driver.ts'
import { perform } from './run/perform.ts'
import { SHORT } from './run/profile.ts'

test('R11, R18, R19, R20: scaled up and down, killed, paused, cut off and started anew, no replica is ever wrong', async (t) => {
  const seed = Number(process.env.RESCIND_SEED ?? Math.floor(Math.random() * 2 ** 32))
  const repeat = `seed ${seed} (set RESCIND_SEED to repeat what is revoked)`
  t.diagnostic(repeat)
  const folder = await mkdtemp(join(tmpdir(), 'rescind-scale-'))
  const cleanup = new Cleanup()
  cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
  try {
    const { violations, history } = await perform({
      profile: SHORT,
      seed,
      startDriver: (options) => ProcessDriver.start({ ...options, folder, cleanup }),
      cleanup,
      stop: t.signal,
      tell: (what) => t.diagnostic(what),
    })
    assert.deepEqual(violations, [], repeat)
    // It has tried what it is for.
    assert.equal(history.faults.length, SHORT.stages.flat().length - 1, 'all but the kill, which is a run of its own')
    const refused = history.answers.filter(({ status }) => status === 401)
    const unknown = history.answers.filter(({ status }) => status === 503)
    assert.ok(refused.length > 100 && unknown.length > 0, `${refused.length} refusals, ${unknown.length} unknown`)
  } finally {
    await cleanup.run()
  }
})
