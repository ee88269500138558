import { describe, it } from 'node:test'
import { assertRight, assertWrong, at, listed, run, status, T } from './sample-history.ts'

describe('the oracle: epochs', () => {
  it('R11: a cursor never goes back to an epoch that it had left', () => {
    const other = status(T, { cursor: { ...at(9), epoch: 'other' } })
    const returned = status(T + 100, { cursor: at(9) })
    assertWrong({ statuses: [status(1_100), other, returned] }, 'went_back')
    assertRight({ statuses: [status(1_100), other, { ...other, sentMs: T + 100, receivedMs: T + 102 }] })
    // Asked before the other epoch was told: answers may have crossed.
    assertRight({ statuses: [status(1_100), other, { ...returned, sentMs: T + 1 }] })
    const slow = { ...other, sentMs: 1_100, receivedMs: 1_120 }
    assertRight({ statuses: [slow, status(1_101), returned] })
    // Another run may still be in the old one.
    const runs = [run(), run({ replica: 'api-2' })]
    const all = [listed('api-1'), listed('api-2'), listed('publisher-replica-1')]
    assertRight({
      runs,
      listed: all,
      statuses: [status(1_100), other, { ...status(1_100), run: 1 }, { ...returned, run: 1 }],
    })
  })
})
