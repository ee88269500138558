import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Cleanup } from '../launcher/cleanup.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { Random } from '../scale/load/random.ts'
import { crash } from './parts/crash.ts'
import { Programs } from './site/programs.ts'

const POINTS = ['recording', 'recorded', 'appending', 'acknowledged'] as const
const HITS = 3

test('R12: killed (-9) at each named point under load, the publisher loses and doubles nothing that it answered for', async (t) => {
  const seed = Number(process.env.RESCIND_SEED ?? Math.floor(Math.random() * 2 ** 32))
  const repeat = `seed ${seed} (set RESCIND_SEED to repeat what is asked for)`
  t.diagnostic(repeat)
  const folder = await mkdtemp(join(tmpdir(), 'rescind-faults-'))
  const cleanup = new Cleanup()
  cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
  try {
    const { violations, figures } = await crash({
      folder,
      hits: HITS,
      points: POINTS,
      short: true,
      random: new Random(seed),
      binary: await findNatsServer({ env: process.env }),
      programs: await Programs.in(join(folder, 'programs')),
      cleanup,
      stop: t.signal,
      tell: (what) => t.diagnostic(what),
    })
    assert.deepEqual(violations, [], repeat)
    const hits = (figures as readonly { point: string; hits: number }[]).map((one) => [one.point, one.hits])
    assert.deepEqual(
      hits,
      POINTS.map((point) => [point, HITS]),
    )
  } finally {
    await cleanup.run()
  }
})
