import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Denylist } from '@rescind/denylist'
import { limits, type ManualClock, manualClock } from '@rescind/protocol'
import { type Position, PositionDigest } from '../src/position-digest.ts'

const T = 1_767_225_600_000
const AS_OF = T + limits.DIGEST_AHEAD_MS
const at = (seq: number) => ({ epoch: 'e', seq, frameId: `f${seq}` })
const stand = (seq: number): Position => ({ cursor: at(seq), newestAtMs: T, fingerprintKey: 'key' })

/** A digest over an index of which only the slices matter. */
class Bench {
  readonly clock: ManualClock = manualClock(T)
  /** What each digest was begun with. */
  readonly begun: (readonly [number, string])[] = []
  /** Slices taken, of all digests. */
  taken = 0
  /** How often it was asked up to when facts may have been deleted. */
  looks = 0
  position: Position | undefined = stand(1)
  deletedUpToMs = T
  readonly digest: PositionDigest

  /** @param onSlice happens in each slice; `taken` counts it already. */
  constructor(slices = 1, onSlice: (bench: Bench) => void = () => {}) {
    const walk = function* (this: Bench, asOfMs: number, key: string): Generator<void, string> {
      const value = `digest ${this.begun.push([asOfMs, key])}`
      for (let slice = 1; slice <= slices; slice++) {
        this.taken++
        onSlice(this)
        if (slice < slices) yield
      }
      return value
    }
    this.digest = new PositionDigest({
      denylist: { digest: walk.bind(this) } as unknown as Denylist,
      clock: this.clock,
      position: () => this.position,
      deletedUpToMs: () => {
        this.looks++
        return this.deletedUpToMs
      },
    })
  }

  /** Time passes until it is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000
    while (!isSo()) {
      assert.ok(performance.now() < deadline, what)
      this.clock.advance(limits.DIGEST_EVERY_MS)
      this.digest.tick()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

describe('the digest at a position', () => {
  it('is of exactly the cursor at which it began, and of a time that follows from it', () => {
    const { digest, begun } = new Bench()
    assert.equal(digest.at(at(1)), undefined)
    digest.tick()
    assert.deepEqual(begun, [[AS_OF, 'key']])
    assert.deepEqual(digest.at(at(1)), { asOfMs: AS_OF, value: 'digest 1' })
    for (const other of [at(2), { ...at(1), epoch: 'o' }, { ...at(1), frameId: 'o' }]) {
      assert.equal(digest.at(other), undefined)
    }
  })

  it('is there only when its last slice is', async () => {
    const bench = new Bench(3)
    bench.digest.tick()
    assert.equal(bench.digest.at(at(1)), undefined)
    await bench.until('it ends', () => bench.digest.at(at(1)) !== undefined)
    assert.equal(bench.taken, 3)
    assert.equal(bench.begun.length, 1)
  })

  it('is dropped when a frame is applied meanwhile, and begun anew for the new cursor', async () => {
    const bench = new Bench(3, ({ taken }) => {
      if (taken === 2) bench.position = stand(2)
    })
    await bench.until('the new cursor has one', () => bench.digest.at(at(2)) !== undefined)
    assert.equal(bench.digest.at(at(1)), undefined)
    assert.equal(bench.taken, 5, 'two slices of the first, three of the second')
    assert.equal(bench.digest.at(at(2))?.value, 'digest 2')
  })

  it('is not begun again where the cursor has one, nor while the replica stands nowhere', () => {
    const bench = new Bench()
    for (let round = 0; round < 3; round++) {
      bench.digest.tick()
      bench.clock.advance(limits.DIGEST_EVERY_MS)
    }
    bench.position = undefined
    bench.digest.tick()
    assert.equal(bench.begun.length, 1)
  })

  it('is not begun more often than its bound allows', () => {
    const bench = new Bench()
    bench.digest.tick()
    bench.position = stand(2)
    bench.clock.advance(limits.DIGEST_EVERY_MS - 1)
    bench.digest.tick()
    assert.equal(bench.begun.length, 1)
    bench.clock.advance(1)
    bench.digest.tick()
    assert.equal(bench.begun.length, 2)
  })

  it('rests the longer, the longer it took', () => {
    const bench = new Bench(1, ({ clock }) => clock.advance(1_000))
    bench.digest.tick()
    bench.position = stand(2)
    bench.clock.advance(1_000 * (limits.DIGEST_REST_FACTOR - 1) - 1)
    bench.digest.tick()
    assert.equal(bench.begun.length, 1)
    bench.clock.advance(1)
    bench.digest.tick()
    assert.equal(bench.begun.length, 2)
  })

  it('R13, R15: is none where what it counts may have been deleted, before it began or meanwhile', async () => {
    const late = new Bench()
    late.deletedUpToMs = AS_OF + 1
    late.digest.tick()
    assert.equal(late.digest.at(at(1)), undefined)

    const overtaken = new Bench(3, (bench) => {
      bench.deletedUpToMs = bench.taken === 2 ? AS_OF + 1 : AS_OF
    })
    await overtaken.until('it is begun', () => overtaken.taken === 2)
    overtaken.deletedUpToMs = AS_OF + 1
    const { looks } = overtaken
    const isSeen = () => overtaken.looks > looks && overtaken.clock.now() > AS_OF
    await overtaken.until('it is dropped, and no other begun', isSeen)
    assert.equal(overtaken.taken, 2)
    overtaken.deletedUpToMs = AS_OF
    await overtaken.until('exactly that time is still good', () => overtaken.digest.at(at(1)) !== undefined)
    assert.equal(overtaken.taken, 5)
  })
})
