import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits } from '@rescind/protocol'
import { frameStanding } from '../src/frame-standing.ts'
import { answered, following, frameOf, head, id, live, type Story } from './story.ts'

const cursor = (seq: number, frameId = frameOf(seq).frameId, epoch = 'e1') => ({ epoch, seq, frameId })
const standing = (story: Story, ...given: Parameters<typeof cursor>) => frameStanding(story.state, cursor(...given))

describe('where a replica stands to a frame', () => {
  it('has applied the frame at its cursor and those before it, and not the next one', () => {
    const story = following().send(live(6), live(7))
    assert.deepEqual(
      [5, 6, 7, 8].map((seq) => standing(story, seq)),
      ['applied', 'applied', 'applied', 'not_yet'],
    )
  })

  it('R19: another frame at that sequence is another log, at the cursor as before it', () => {
    const story = following().send(live(6), live(7))
    assert.equal(standing(story, 7, id(907)), 'other')
    assert.equal(standing(story, 6, id(906)), 'other')
    assert.equal(standing(story, 7, frameOf(7).frameId, 'e2'), 'not_yet')
  })

  it('goes by a later cursor where it remembers no frame, but only of a verified position', () => {
    const story = following()
    const last = 6 + 2 * limits.MAX_RECENT_FRAMES
    for (let seq = 6; seq <= last; seq += 1) story.send(live(seq))
    assert.equal(standing(story, 5), 'applied')
    story.send({ kind: 'disconnected' })
    assert.equal(standing(story, 5), 'not_yet')
    assert.equal(standing(story, last), 'applied', 'this very frame was applied, whatever became of the connection')
    story.send({ kind: 'begin' }, answered(head(last)))
    assert.equal(standing(story, 5), 'applied')
  })

  it('R16: has applied nothing while facts could not be held', () => {
    const story = following().send(live(6), { kind: 'overflowed' })
    assert.equal(standing(story, 6), 'not_yet')
  })

  it('R11: has applied nothing of a log that it is lost in', () => {
    const story = following()
      .after(2_000)
      .send({ kind: 'tick' }, answered(head(9, { firstSeq: 8 })))
    assert.equal(story.state.lost, true)
    assert.equal(standing(story, 5), 'not_yet')
  })
})
