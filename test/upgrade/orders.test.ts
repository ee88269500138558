import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublisher, ORDERS, type Order, type Place, PUBLISHERS, REPLICAS, type Release } from './orders.ts'

const PLACES: readonly Place[] = [...PUBLISHERS, ...REPLICAS]

/** Who stands where after each step, from all old on. */
function* states({ steps }: Order): Generator<ReadonlyMap<Place, Release>> {
  const at = new Map<Place, Release>(PLACES.map((place) => [place, 'old']))
  for (const { place, to } of steps) {
    at.set(place, to)
    yield new Map(at)
  }
}

const releases = (at: ReadonlyMap<Place, Release>, places: readonly Place[]) =>
  [...new Set(places.map((place) => at.get(place)))].sort().join('+')

test('each order goes from all old to all new and back, one place at a time', () => {
  for (const order of ORDERS) {
    const before = new Map<Place, Release>(PLACES.map((place) => [place, 'old']))
    for (const { place, to } of order.steps) {
      assert.notEqual(before.get(place), to, `${order.title}: ${place} is ${to} already`)
      before.set(place, to)
    }
    const passed = [...states(order)].map((at) => `${releases(at, PUBLISHERS)} ${releases(at, REPLICAS)}`)
    assert.ok(passed.includes('new new'), order.title)
    assert.equal(passed.at(-1), 'old old', order.title)
  }
})

test('together they meet every mixture of publishers and replicas', () => {
  const met = new Set(
    ORDERS.flatMap((order) => [...states(order)].map((at) => `${releases(at, PUBLISHERS)} ${releases(at, REPLICAS)}`)),
  )
  for (const publishers of ['old', 'new', 'new+old']) {
    for (const replicas of ['old', 'new', 'new+old']) {
      assert.ok(met.has(`${publishers} ${replicas}`), `publishers ${publishers}, replicas ${replicas}`)
    }
  }
})

test('publishers and replicas are told apart', () => {
  assert.deepEqual(PLACES.filter(isPublisher), PUBLISHERS)
})
