import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, linesOf } from './finding.ts'
import { ROOMS } from './rooms.ts'
import { arrows, importsOf, keptModules, pureRooms } from './rules/arrows.ts'
import { source, sourceTree } from './source-tree.ts'

const RULE = 'An arrow only points down.'

test('arrows between rooms point down', () => {
  assertNone(RULE, arrows(sourceTree()))
})

test('NATS, pino, jose, frameworks and the inside of a replica are imported in one place each', () => {
  assertNone('Some modules are kept in one place.', keptModules(sourceTree()))
})

test('the lowest floors have no I/O and no timer', () => {
  assertNone('protocol and denylist compute, and do nothing else.', pureRooms(sourceTree()))
})

test('the table itself has no arrow that points up or sideways', () => {
  const floorOf = (name: string) => (ROOMS[`packages/${name}`] ?? ROOMS[`services/${name}`])?.floor
  for (const [name, { floor, below }] of Object.entries(ROOMS)) {
    for (const other of below) assert.ok((floorOf(other) ?? 9) < floor, `${name} may not stand on ${other}`)
  }
})

test('the rule finds arrows up, sideways, out of the room and to unknown packages', () => {
  const up = `import { openReplica } from '@rescind/subscriber'`
  assert.deepEqual(linesOf(arrows([source('packages/log/src/a.ts', up)])), [1])
  const sideways = `\nexport { a } from '@rescind/denylist'`
  assert.deepEqual(linesOf(arrows([source('packages/log/src/a.ts', sideways)])), [2])
  const types = `let x: import('@rescind/log').Head\nawait import('@rescind/log')`
  assert.deepEqual(linesOf(arrows([source('packages/denylist/src/a.ts', types)])), [1, 2])
  const out = `import { a } from '../../log/src/index.ts'\nimport { b } from './b.ts'`
  assert.deepEqual(linesOf(arrows([source('packages/subscriber/src/a.ts', out)])), [1])
  const unknown = `import 'left-pad'\nimport 'node:fs'\nimport 'node:crypto'`
  assert.deepEqual(linesOf(arrows([source('packages/protocol/src/a.ts', unknown)])), [1, 2])
  assert.deepEqual(linesOf(arrows([source('packages/extra/src/a.ts', `import 'node:fs'`)])), [1])
  const service = `import '@rescind/publisher'`
  assert.deepEqual(linesOf(arrows([source('services/sample-api/src/a.ts', service)])), [1])
  const down = `import '@rescind/log'\nimport '@rescind/denylist'\nimport 'node:util'\nimport './b.ts'`
  assert.deepEqual(linesOf(arrows([source('packages/subscriber/src/a.ts', down)])), [])
})

test('the rule finds modules outside the place that keeps them', () => {
  const find = (path: string, module: string) => linesOf(keptModules([source(path, `import '${module}'`)]))
  assert.deepEqual(find('packages/log/src/memory-log.ts', '@nats-io/transport-node'), [1])
  assert.deepEqual(find('test/end-to-end/a.test.ts', '@nats-io/nats-core'), [1])
  assert.deepEqual(find('packages/log/src/nats-log.ts', '@nats-io/transport-node'), [])
  assert.deepEqual(find('packages/subscriber/src/a.ts', 'pino'), [1])
  assert.deepEqual(find('services/publisher/src/a.ts', 'pino'), [])
  assert.deepEqual(find('services/sample-api/src/a.ts', 'jose'), [1])
  assert.deepEqual(find('services/publisher/src/authorize.ts', 'jose'), [])
  assert.deepEqual(find('packages/subscriber/src/replica.ts', 'fastify'), [1])
  assert.deepEqual(find('packages/subscriber/src/fastify.ts', 'fastify-plugin'), [])
  assert.deepEqual(find('services/sample-api/src/a.ts', '@rescind/subscriber/internal'), [1])
  assert.deepEqual(find('packages/protocol/test/a.test.ts', 'typescript'), [1])
})

test('the rule finds timers on the lowest floors', () => {
  const text = `const later = 1\nsetTimeout(() => {}, 5)\nqueueMicrotask(() => {})`
  assert.deepEqual(linesOf(pureRooms([source('packages/denylist/src/a.ts', text)])), [2, 3])
  assert.deepEqual(linesOf(pureRooms([source('packages/subscriber/src/a.ts', text)])), [])
})

test('the reader of imports sees every form', () => {
  const text = `import a from 'a'\nimport type { B } from 'b'\nexport * from 'c'\ntype D = import('d').D\nimport('e')\n// import 'f'\nconst g = "import 'g'"`
  assert.deepEqual(
    importsOf(source('x.ts', text)).map(({ module }) => module),
    ['a', 'b', 'c', 'd', 'e'],
  )
})
