import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { allOf, opened, revocation, temporaryFolder, waitingIn } from './harness.ts'

const CHILD = fileURLToPath(new URL('writes-child.ts', import.meta.url))

/** Lets a process write from group `start` on, and ends it by SIGKILL after some acknowledged writes. */
async function writeUntilStopped(dir: string, start: number, writes: number): Promise<number> {
  const args = ['--conditions=@rescind/source', '--import', 'tsx', CHILD, dir, `${start}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let kept = start - 1
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('kept ')) continue
    kept = Number(line.slice(5))
    if (kept === start + writes) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return kept
}

test('R12: after kill -9 in the middle of writes everything acknowledged is there, and nothing half', async (t) => {
  const dir = await temporaryFolder(t)
  const seed = randomInt(1_000)
  t.diagnostic(`seed ${seed}`)
  let next = 1
  for (let round = 0; round < 4; round += 1) {
    const acknowledged = await writeUntilStopped(dir, next, 30 + ((seed * (round + 1)) % 170))
    const { store } = await opened(t, dir)
    assert.equal(store.setAside, undefined)
    const inLog = await allOf(store.live(0))
    const waiting = await waitingIn(store)
    // Whole groups: all facts of each, in the log or waiting, never both, never some.
    const sizes = new Map<number, number>()
    for (const { fact } of inLog) {
      if (fact.kind === 'issuer') continue
      assert.deepEqual(fact, revocation(fact.id, { note: 'n'.repeat(500) }))
      const order = Number(fact.id.split('-')[0])
      sizes.set(order, (sizes.get(order) ?? 0) + 1)
    }
    for (const { order, facts } of waiting) {
      assert.equal(sizes.has(order), false, `group ${order} is in the log and waits`)
      sizes.set(order, facts.length)
    }
    const last = Math.max(...sizes.keys())
    assert.ok(last === acknowledged || last === acknowledged + 1, `${last} is there, ${acknowledged} was acknowledged`)
    for (let order = 1; order <= last; order += 1) assert.equal(sizes.get(order), 1 + (order % 40), `group ${order}`)
    await store.close()
    next = last + 1
  }
})
