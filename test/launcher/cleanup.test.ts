import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cleanup } from './cleanup.ts'

test('what needs another is stopped before it, in whatever order they were started', async () => {
  const order: string[] = []
  const cleanup = new Cleanup()
  for (const stage of ['folder', 'broker', 'issuer', 'publisher', 'replica'] as const) {
    cleanup.add(stage, async () => void order.push(stage))
  }
  await Promise.all([cleanup.run(), cleanup.run()])
  assert.deepEqual(order, ['replica', 'publisher', 'issuer', 'broker', 'folder'])
})

test('one that cannot be stopped does not keep the others running, and is told', async () => {
  const order: string[] = []
  const cleanup = new Cleanup()
  cleanup.add('replica', () => Promise.reject(new Error('stuck')))
  cleanup.add('broker', async () => void order.push('broker'))
  await assert.rejects(cleanup.run(), /stuck/)
  assert.deepEqual(order, ['broker'])
})

test('what starts while everything is being stopped is stopped too, once', async () => {
  const order: string[] = []
  const cleanup = new Cleanup()
  cleanup.add('publisher', async () => {
    cleanup.add('broker', async () => void order.push('late broker'))
    cleanup.add('replica', async () => void order.push('late replica'))
  })
  await cleanup.run()
  assert.deepEqual(order, ['late broker', 'late replica'])
  cleanup.add('publisher', async () => void order.push('later publisher'))
  await cleanup.run()
  assert.deepEqual(order, ['late broker', 'late replica', 'later publisher'])
})
