import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Attempt } from '../src/attempt.ts'

/** Long enough never to pass here; what is silent for 1 ms is tested with that. */
const LONG = 60_000

describe('an attempt', () => {
  it('does one piece of work at a time: the one before is given up, and what comes of it does not count', async () => {
    const attempt = new Attempt()
    const [first, second] = [attempt.begin(LONG), attempt.begin(LONG)]
    assert.equal(first?.signal.aborted, true)
    await assert.rejects(first?.givenUp ?? Promise.resolve(), { code: 'ERR_LOG_UNAVAILABLE' })
    assert.equal(first?.end(), false)
    assert.equal(second?.signal.aborted, false)
    assert.equal(second?.end(), true)
    attempt.end()
  })

  it('gives up what is under way when it ends, and begins nothing any more', async () => {
    const attempt = new Attempt()
    const work = attempt.begin(LONG)
    attempt.end()
    attempt.end()
    await attempt.over
    assert.equal(work?.signal.aborted, true)
    assert.equal(work?.end(), false)
    assert.equal(attempt.begin(LONG), undefined)
  })

  it('work that is silent for too long fails, and that counts', async () => {
    const work = new Attempt().begin(1)
    // The timer of the work does not keep the process alive.
    const alive = setInterval(() => {}, 1_000)
    await assert.rejects(work?.givenUp ?? Promise.resolve(), /no answer within 1 ms/)
    clearInterval(alive)
    assert.equal(work?.end(), true)
  })

  it('work that makes progress may be silent for as long again', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const work = new Attempt().begin(100)
    for (let n = 0; n < 5; n += 1) {
      context.mock.timers.tick(90)
      work?.progress()
    }
    assert.equal(work?.signal.aborted, false)
    context.mock.timers.tick(100)
    assert.equal(work?.signal.aborted, true)
  })
})
