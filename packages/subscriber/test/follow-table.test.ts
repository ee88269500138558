import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Head } from '@rescind/log'
import { RescindError, type SnapshotManifest } from '@rescind/protocol'
import type { OwnFrame } from '../src/follow-state.ts'
import { hasReached } from '../src/follow-table.ts'
import {
  answered,
  FROM_LOG,
  failed,
  following,
  frame,
  frameOf,
  head,
  id,
  live,
  manifest,
  own,
  RULES,
  Story,
} from './story.ts'

describe('becoming live', () => {
  it('R20: begins with a snapshot, judges it by the log, joins it, and is proved from when the head was asked for', () => {
    const story = new Story().send({ kind: 'begin' })
    assert.deepEqual(story.outputs, [{ kind: 'fetch' }])
    story.after(50).send({ kind: 'snapshot', manifest: manifest(5) })
    assert.deepEqual(story.outputs, [{ kind: 'ask', own: [5] }])
    story.after(50).send(answered(head(7)))
    assert.deepEqual(story.kinds, ['join'])
    assert.deepEqual([story.state.cursor], [undefined], 'the cursor moves only when the join is complete')
    story.after(50).send({ kind: 'joined', complete: true })
    assert.deepEqual(story.outputs, [{ kind: 'skipped' }, { kind: 'read', fromSeq: 6, toSeq: 7 }])
    assert.equal(story.state.cursor?.seq, 5)
    story.send(frame(6), frame(7))
    assert.equal(story.state.provedAtMs, undefined)
    story.after(50).send({ kind: 'end' })
    assert.deepEqual(story.outputs, [{ kind: 'ask', own: [7] }], 'the log may have been replaced while it was read')
    assert.equal(story.state.provedAtMs, undefined)
    story.after(50).send(answered(head(9)))
    assert.equal(story.state.provedAtMs, 10_050, 'R19: what was read is proved from when its head was asked for')
    story.send(frame(8), frame(9), { kind: 'end' }, answered(head(9)))
    assert.equal(story.phase, 'following')
    assert.equal(story.state.provedAtMs, 10_250)
  })

  const foreign: [string, SnapshotManifest, Head, OwnFrame][] = [
    ['of another epoch', manifest(5, { cursor: { epoch: 'e0', seq: 5, frameId: id(5) } }), head(7), own(5)],
    ['of another deployment', manifest(5, { deployment: 'd2' }), head(7), own(5)],
    ['beyond the head', manifest(8), head(7), own(8)],
    ['of another frame at its sequence', manifest(5), head(7), own(6)],
    ['of a frame that the log does not have', manifest(5), head(7), 'missing'],
    ['older than the beginning of the log', manifest(5), head(9, { firstSeq: 7 }), 'missing'],
  ]
  for (const [what, given, log, frameThere] of foreign) {
    it(`R20: a snapshot ${what} is never installed`, () => {
      const story = new Story()
        .send({ kind: 'begin' }, { kind: 'snapshot', manifest: given })
        .send(answered(log, { [given.cursor.seq]: frameThere }))
      assert.deepEqual(story.kinds, ['retry'])
      assert.equal(story.state.error?.code, 'ERR_SNAPSHOT_FOREIGN')
      assert.equal(story.state.cursor, undefined)
    })
  }

  it('R20: the log alone makes live only if that was accepted by name', () => {
    const refused = new Story({ ...RULES, hasSnapshots: false }).send({ kind: 'begin' }, answered(head(5)))
    assert.deepEqual(refused.kinds, ['ask', 'retry'])
    assert.equal(refused.state.provedAtMs, undefined)
    const accepted = following(FROM_LOG)
    assert.equal(accepted.state.provedAtMs, 10_000)
    assert.equal(accepted.state.cursor?.seq, 5)
  })

  it('R20: with both, the log is read when no snapshot can be had', () => {
    const story = new Story({ ...RULES, mayReadLog: true }).send({ kind: 'begin' }).send(failed)
    assert.deepEqual(story.outputs, [{ kind: 'ask', own: [] }])
    story.send(answered(head(2, { firstSeq: 2 })))
    assert.deepEqual(story.outputs, [{ kind: 'read', fromSeq: 2, toSeq: 2 }])
  })

  it('R16: a snapshot that could not be held whole leaves the replica full', () => {
    const story = new Story().send({ kind: 'begin' }, { kind: 'snapshot', manifest: manifest(5) }, answered(head(5)))
    story.send({ kind: 'joined', complete: false })
    assert.equal(story.state.full, 'yes')
  })
})

describe('the age of a proof', () => {
  it('R19: what was read is as old as the leader says that its majority is', () => {
    const story = new Story(FROM_LOG).send({ kind: 'begin' }, answered(head(1, { ageMs: 4_000 })))
    story.send(frame(1), { kind: 'end' }, answered(head(2)))
    assert.equal(story.state.provedAtMs, 6_000)
  })
})

describe('following', () => {
  it('applies the next live frame, and moves the cursor in the same step', () => {
    const story = following().send(live(6))
    assert.deepEqual(story.kinds, ['apply'])
    assert.deepEqual(story.state.cursor, { epoch: 'e1', seq: 6, frameId: frameOf(6).frameId })
  })

  it('keeps a live frame that comes early, asks for the head soon, and applies it once the gap is read', () => {
    const story = following().after(100).send(live(8), live(9))
    assert.deepEqual(story.kinds, [])
    assert.equal(story.state.cursor?.seq, 5)
    story.send({ kind: 'tick' }, answered(head(9)), frame(6), frame(7))
    assert.deepEqual(story.kinds, ['ask', 'read', 'apply', 'apply', 'apply', 'apply'])
    assert.deepEqual(story.state.cursor, { epoch: 'e1', seq: 9, frameId: frameOf(9).frameId })
    assert.deepEqual(story.send(frame(8), frame(9)).kinds, [], 'and not a second time when the range brings them')
  })

  it('keeps no early frame over a broken connection', () => {
    const story = following().send(live(7), { kind: 'disconnected' }, { kind: 'begin' }, answered(head(6)), frame(6))
    assert.equal(story.state.cursor?.seq, 6)
  })

  for (const [what, input] of [
    ['seen before', live(5)],
    ['of another epoch (R11)', live(6, 'e0')],
    ['that does not decode', { kind: 'live', seq: 6, frame: undefined }],
  ] as const) {
    it(`ignores a live frame ${what}, counts it, and asks for the head soon`, () => {
      const story = following().after(100).send(input)
      assert.deepEqual(story.kinds, ['ignored'])
      assert.equal(story.state.cursor?.seq, 5)
      assert.deepEqual(story.send({ kind: 'tick' }).outputs, [{ kind: 'ask', own: [5] }])
    })
  }

  it('asks at most every 25 ms for hints, however many come', () => {
    const story = following().after(100).send(live(3), { kind: 'tick' })
    assert.deepEqual(story.kinds, ['ignored', 'ask'])
    story.send(answered(head(5)), live(3), live(3), { kind: 'tick' })
    assert.deepEqual(story.kinds, ['ignored', 'ignored'])
    assert.deepEqual(story.after(25).send({ kind: 'tick' }).kinds, ['ask'])
  })

  it('R19: asks again when a proof is due, and not before', () => {
    const story = following().after(1_999).send({ kind: 'tick' })
    assert.deepEqual(story.kinds, [])
    assert.deepEqual(story.after(1).send({ kind: 'tick' }).outputs, [{ kind: 'ask', own: [5] }])
    story.after(30).send(answered(head(5)))
    assert.equal(story.state.provedAtMs, 12_000)
  })

  it('R19: on a cluster the proof counts from the asking minus the age of the majority', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(5, { ageMs: 700 })))
    assert.equal(story.state.provedAtMs, 11_300)
  })

  it('R19: an old answer never makes the proof older', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(5, { ageMs: 9_000 })))
    assert.equal(story.state.provedAtMs, 10_000)
  })

  it('reads the frames that live delivery lost, and proves only then', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(7)))
    assert.deepEqual(story.outputs.at(-1), { kind: 'read', fromSeq: 6, toSeq: 7 })
    assert.equal(story.state.provedAtMs, 10_000)
    story.send(live(6), frame(6), frame(7), { kind: 'end' }, answered(head(7)))
    assert.deepEqual(story.kinds, ['apply', 'apply', 'ask'], 'a frame that came live is not applied twice')
    assert.equal(story.state.provedAtMs, 12_000)
  })

  it('R11, R19: a log that is replaced while it is read proves nothing', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(7)), frame(6), frame(7), { kind: 'end' })
    story.send(answered(head(7, { epoch: 'e2' })))
    assert.deepEqual(story.kinds, ['fetch'])
    assert.equal(story.state.provedAtMs, 10_000)
  })

  it('R19: a range that ends early proves nothing', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(7)), frame(6))
      .send({ kind: 'end' })
    assert.deepEqual(story.kinds, ['retry'])
    assert.equal(story.state.provedAtMs, 10_000)
  })

  it('a hole in a range is not skipped', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(7)))
      .send(frame(7))
    assert.deepEqual(story.kinds, ['retry'])
    assert.equal(story.state.cursor?.seq, 5)
  })
})

describe('what the log can do to us', () => {
  const asked = (): Story => following().after(2_000).send({ kind: 'tick' })

  it('R11: another epoch: the position is lost, the facts are kept, a snapshot is fetched', () => {
    const story = asked().send(answered(head(9, { epoch: 'e2' })))
    assert.deepEqual(story.kinds, ['fetch'])
    assert.equal(story.state.provedAtMs, 10_000, 'the last proof goes on ageing')
  })

  it('R11: a tail that is gone means that the log was rolled back', () => {
    assert.deepEqual(asked().send(answered(head(4))).kinds, ['replaced', 'fetch'])
  })

  it('R19: another frame at our sequence means that the log was rolled back', () => {
    assert.deepEqual(asked().send(answered(head(9), { 5: own(6) })).kinds, ['replaced', 'fetch'])
  })

  it('R11: our frame pruned: the position cannot be verified any more', () => {
    assert.deepEqual(asked().send(answered(head(9, { firstSeq: 6 }), { 5: 'missing' })).kinds, ['fetch'])
  })

  it('our frame missing though it should be there: tried again, then taken for gone', () => {
    const story = asked()
    for (let n = 1; n < 5; n += 1) {
      assert.deepEqual(story.send(answered(head(9), { 5: 'missing' })).kinds, ['retry'], `miss ${n}`)
      assert.equal(story.state.provedAtMs, 10_000)
      story.send({ kind: 'begin' })
    }
    assert.deepEqual(story.send(answered(head(9), { 5: 'missing' })).kinds, ['fetch'])
  })

  it('R19: after a reconnection no live frame is applied before our own frame was seen again', () => {
    const story = following().send({ kind: 'disconnected' }, live(6), { kind: 'begin' }, live(6))
    assert.deepEqual(story.kinds, ['ignored', 'ask', 'ignored'])
    story.send(answered(head(5)), live(6))
    assert.deepEqual(story.kinds, ['apply'])
  })

  it('a frame that cannot be read is not skipped and proves nothing; it is looked at again', () => {
    const error = new RescindError('ERR_FRAME_MALFORMED', 'test')
    const story = asked().send(answered(head(7)), { kind: 'poison', seq: 6, error })
    assert.equal(story.state.poison?.seq, 6)
    assert.equal(story.state.cursor?.seq, 5)
    assert.equal(story.state.provedAtMs, 10_000)
    story.after(2_200).send({ kind: 'tick' }, answered(head(7)), frame(6), frame(7), { kind: 'end' })
    assert.equal(story.state.poison, undefined)
  })

  it('R16: facts that could not be held are brought back by a bootstrap once there is room', () => {
    const story = following().send({ kind: 'overflowed' })
    assert.equal(story.state.full, 'yes')
    story.send({ kind: 'roomy' }).after(2_000).send({ kind: 'tick' })
    assert.deepEqual(story.kinds, ['fetch'])
    story.send({ kind: 'snapshot', manifest: manifest(5) }, answered(head(5)))
    assert.equal(story.state.full, 'refilling')
    assert.equal(story.send({ kind: 'joined', complete: true }).state.full, 'no')
  })

  it('closed is for ever', () => {
    const story = following().send({ kind: 'close' })
    const closed = story.state
    story.send(live(6), { kind: 'begin' }, { kind: 'nudge' }, { kind: 'disconnected' }, failed, { kind: 'tick' })
    assert.equal(story.state, closed)
    assert.deepEqual(story.outputs, [])
  })
})

describe('reached', () => {
  it('a cursor is reached at its frame or beyond, within its epoch', () => {
    const { state } = following()
    assert.equal(hasReached(state, { epoch: 'e1', seq: 5, frameId: id(5) }), true)
    assert.equal(hasReached(state, { epoch: 'e1', seq: 3, frameId: id(3) }), true)
    assert.equal(hasReached(state, { epoch: 'e1', seq: 5, frameId: id(9) }), false)
    assert.equal(hasReached(state, { epoch: 'e1', seq: 6, frameId: id(6) }), false)
    assert.equal(hasReached(state, { epoch: 'e2', seq: 1, frameId: id(1) }), false)
  })
})
