import { describe, it } from 'node:test'
import { assertRight, assertWrong, at, listed, revocation, run, status } from './sample-history.ts'

describe('the oracle: rest at the end', () => {
  it('is wrong if not all that live are listed, each once, by the names that they give themselves', () => {
    const runs = [run(), run({ replica: 'api-2' })]
    const own = listed('publisher-replica-1')
    const statuses = [status(1_100), status(1_100, { run: 1 })]
    const [a, b] = [listed('api-1'), listed('api-2')]
    assertRight({ runs, statuses, listed: [b, own, a] })
    assertWrong({ runs, statuses, listed: [a, { ...a, id: 'another' }, own] }, 'digests_differ')
    assertWrong({ runs, statuses, listed: [a, { ...b, id: a.id }, own] }, 'digests_differ')
    const shared = statuses.map((one) => ({ ...one, name: 'api' }))
    const [c, d] = [listed('api'), listed('api', { id: 'another' })]
    assertRight({ runs, statuses: shared, listed: [c, d, own] })
    assertWrong({ runs, statuses: shared, listed: [a, b, own] }, 'digests_differ')
    assertWrong({ runs, statuses: shared, listed: [c, c, own] }, 'digests_differ')
  })

  it('is wrong if they rest before something that was acknowledged in their epoch', () => {
    const act = (seq: number, epoch = 'e') => revocation({ match: { sub: 'joe' }, cursor: { ...at(seq), epoch } })
    assertWrong({ acts: [act(100), act(5)] }, 'digests_differ')
    assertWrong({ acts: [act(10)] }, 'digests_differ')
    assertRight({ acts: [act(9)] })
    assertRight({ acts: [act(100, 'before')] })
  })
})
