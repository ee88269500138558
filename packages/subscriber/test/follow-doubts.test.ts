import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fact, type Frame, RescindError } from '@rescind/protocol'
import type { FollowInput, OwnFrame } from '../src/follow-state.ts'
import { answered, FROM_LOG, failed, following, frame, frameOf, head, id, live, manifest, Story } from './story.ts'

describe('live messages prove nothing, and may be forged', () => {
  const other = (seq: number): FollowInput => ({
    kind: 'live',
    seq,
    frame: { ...frameOf(seq), frameId: id(900 + seq) },
  })
  const theirs = (seq: number): OwnFrame => ({ frameId: id(900 + seq) })

  it('R11, R19: a log that was rolled back unnoticed, and says so live, is looked at where it says so', () => {
    const story = following().send(live(6), other(6), live(7))
    assert.deepEqual(story.kinds, ['apply', 'ignored', 'ignored'], 'what follows is of a position in doubt')
    assert.deepEqual(story.after(25).send({ kind: 'tick' }).outputs, [{ kind: 'ask', own: [5, 6] }])
    assert.deepEqual(story.send(answered(head(7), { 6: theirs(6) })).kinds, ['replaced', 'fetch'])
    assert.equal(story.state.provedAtMs, 10_000)
  })

  it('R19: a live message that contradicts what was applied, and is forged, costs one question', () => {
    const story = following().send(live(6), other(6))
    assert.equal(story.state.verified, false)
    story.after(25).send({ kind: 'tick' }, answered(head(6)), live(7))
    assert.deepEqual(story.kinds, ['ask', 'apply'])
  })

  it('R19: frames that came live while the head was asked for are proved by the next answer, not by this one', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, live(6), answered(head(6)))
    assert.deepEqual(story.kinds, ['ask', 'apply'])
    assert.equal(story.state.provedAtMs, 10_000, 'nobody has looked at frame 6')
    assert.deepEqual(story.after(500).send({ kind: 'tick' }).outputs, [{ kind: 'ask', own: [5, 6] }], 'and soon')
    story.send(answered(head(6)))
    assert.equal(story.state.provedAtMs, 12_500)
    const forged = following()
      .after(2_000)
      .send({ kind: 'tick' }, other(6), answered(head(6)))
      .after(500)
    assert.deepEqual(forged.send({ kind: 'tick' }, answered(head(6))).kinds, ['ask', 'replaced', 'fetch'])
    assert.equal(forged.state.provedAtMs, 10_000)
  })

  it('R19: of such a proof, too, the age is what the leader says, and it rests on the frame that was looked at', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, live(6), answered(head(6, { ageMs: 900 })))
    assert.deepEqual(story.state.proved?.seq, 5)
    story.after(500).send({ kind: 'tick' }, live(7), answered(head(6)))
    assert.equal(story.state.provedAtMs, 12_500, 'frame 6 was looked at, and is all that this head names')
    assert.equal(story.state.proved?.seq, 6, 'nobody has looked at frame 7')
    const aged = following()
      .after(2_000)
      .send({ kind: 'tick' }, live(6), answered(head(6, { ageMs: 900 })))
    aged.after(500).send({ kind: 'tick' }, live(7), answered(head(7)))
    assert.equal(aged.state.provedAtMs, 11_100)
  })

  it('R19: in a steady stream of live frames each answer proves the question before it', () => {
    const story = following()
    let askedAtMs = 10_000
    story.after(2_000)
    for (let seq = 6; seq < 20; seq += 1, story.after(500)) {
      assert.deepEqual(story.send({ kind: 'tick' }).kinds, ['ask'])
      story.send(live(seq), answered(head(seq)))
      assert.equal(story.state.provedAtMs, askedAtMs)
      askedAtMs = story.now
    }
  })

  it('R19: an answer settles no doubt that came after its question', () => {
    const story = following()
      .send(live(6))
      .after(2_000)
      .send({ kind: 'tick' }, other(6), answered(head(6)))
    assert.equal(story.state.verified, false)
    assert.equal(story.state.provedAtMs, 10_000)
    story.after(25).send({ kind: 'tick' }, answered(head(7), { 6: theirs(6) }))
    assert.deepEqual(story.kinds, ['ask', 'replaced', 'fetch'])
  })

  it('R19: of several doubts the oldest is looked at; one too old to be remembered, at the oldest remembered', () => {
    const story = following().send(live(6), live(7), other(7), other(6), other(7))
    assert.deepEqual(story.after(25).send({ kind: 'tick' }).outputs, [{ kind: 'ask', own: [5, 6, 7] }])
    const old = following().send(live(6), live(7), other(2))
    assert.deepEqual(old.after(25).send({ kind: 'tick' }).outputs, [{ kind: 'ask', own: [5, 7] }])
  })

  it('R11, R19: the frame of the last proof is looked at again: a rollback below it is noticed whatever came since', () => {
    const story = following().send(live(6), live(7)).after(2_000).send({ kind: 'tick' })
    assert.deepEqual(story.outputs, [{ kind: 'ask', own: [5, 7] }])
    assert.deepEqual(story.send(answered(head(9), { 5: theirs(5) })).kinds, ['replaced', 'fetch'])
  })

  it('R11, R19: a range that brings another frame than came live means that the log was replaced', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(7)), live(6))
      .send({ kind: 'frame', seq: 6, frame: { ...frameOf(6), frameId: id(906) } })
    assert.deepEqual(story.kinds, ['replaced', 'fetch'])
  })

  for (const kind of ['lift', 'issuer'] as const) {
    it(`R11: a live frame with a fact of kind ${kind}, which forged would take back, is read from the log`, () => {
      const frame: Frame = { ...frameOf(6), facts: [{ kind } as Fact] }
      const story = following().after(100).send({ kind: 'live', seq: 6, frame }, live(7))
      assert.equal(story.state.cursor?.seq, 5)
      story.send({ kind: 'tick' }, answered(head(7)), { kind: 'frame', seq: 6, frame })
      assert.deepEqual(story.kinds, ['ask', 'read', 'apply', 'apply'])
      assert.equal(story.state.cursor?.seq, 7)
    })
  }
})

describe('going on', () => {
  it('R11: a hole in the log is waited for, and then led around by a snapshot', () => {
    const pruned: FollowInput = { kind: 'failed', error: new RescindError('ERR_LOG_PRUNED', 'test') }
    const story = following().after(2_000).send({ kind: 'tick' })
    for (let n = 1; n < 5; n += 1) {
      assert.deepEqual(story.send(answered(head(7)), n % 2 ? pruned : frame(7)).kinds, ['read', 'retry'], `hole ${n}`)
      story.send({ kind: 'begin' })
    }
    assert.deepEqual(story.send(answered(head(7)), pruned).kinds, ['read', 'fetch'])
  })

  it('asks at once when it is nudged, also if that comes while an answer is awaited', () => {
    const story = following().send({ kind: 'nudge' })
    assert.deepEqual(story.kinds, ['ask'])
    assert.deepEqual(story.send({ kind: 'nudge' }, answered(head(5))).kinds, ['ask'])
    assert.deepEqual(story.send(answered(head(5))).kinds, [])
  })

  it('says why it waits', () => {
    assert.equal(new Story().send(failed).state.error?.code, 'ERR_LOG_UNAVAILABLE')
  })

  it('R19: a position without a frame, of a log that was pruned empty, does not outlive the connection', () => {
    const story = new Story(FROM_LOG).send({ kind: 'begin' }, answered(head(3, { firstSeq: 4 })))
    assert.equal(story.state.provedAtMs, 10_000)
    story.send({ kind: 'disconnected' }, { kind: 'begin' })
    assert.deepEqual(story.outputs, [{ kind: 'ask', own: [] }])
    assert.equal(story.state.lost, true)
  })

  it('R16: a bootstrap for another reason does not bring back what could not be held', () => {
    const story = following().send({ kind: 'overflowed' }).after(2_000).send({ kind: 'tick' })
    const elsewhere = { cursor: { epoch: 'e2', seq: 5, frameId: id(5) } }
    story.send(answered(head(5, { epoch: 'e2' })), { kind: 'snapshot', manifest: manifest(5, elsewhere) })
    story.send(answered(head(5, { epoch: 'e2' })), { kind: 'joined', complete: true })
    assert.equal(story.state.cursor?.epoch, 'e2')
    assert.equal(story.state.full, 'yes')
  })

  it('R16: full it stays, until a bootstrap has brought everything', () => {
    const story = following().send({ kind: 'overflowed' }, { kind: 'roomy' })
    story.after(2_000).send({ kind: 'tick' }, failed, { kind: 'begin' })
    story.send({ kind: 'snapshot', manifest: manifest(5) }, answered(head(5)), { kind: 'joined', complete: false })
    assert.equal(story.state.full, 'yes')
    const early = following().after(2_000).send({ kind: 'tick' }, { kind: 'overflowed' }, { kind: 'roomy' })
    assert.equal(early.send(answered(head(5))).state.full, 'refilling', 'this answer was of the old position')
  })
})
