import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { house, untilStatus } from './house.ts'

describe('what is told about tokens that stay unknown', () => {
  it('R18: each cause that configuration mends is told once, with what to do, and never within a check', async (context) => {
    const warned: [object, string][] = []
    const warn = (fields: object, text: string) => void warned.push([fields, text])
    const { open, token } = await house(context)
    const replica = await open({ logger: { debug() {}, info() {}, warn, error() {} } })
    for (let n = 0; n < 3; n += 1) {
      assert.deepEqual(replica.check(token({ iss: undefined })), { kind: 'unknown', cause: 'no_issuer' })
      assert.deepEqual(replica.check(token({ exp: undefined })), { kind: 'unknown', cause: 'outlives_facts' })
      assert.deepEqual(replica.check(token()), { kind: 'active' })
      if (n === 0) assert.deepEqual(warned, [], 'a check does no I/O (R21)')
      await untilStatus(replica, 'told', () => warned.length >= 2)
    }
    assert.deepEqual(
      warned.map(([fields]) => fields),
      [{ cause: 'no_issuer' }, { cause: 'outlives_facts' }],
    )
    assert.match(warned[0]?.[1] ?? '', /set the option issuer/)
  })

  it('an outage is not blamed on the tokens', async (context) => {
    const warned: object[] = []
    const { log, clock, open, token } = await house(context)
    const replica = await open({
      logger: { debug() {}, info() {}, warn: (fields) => void warned.push(fields), error() {} },
    })
    log.faults.freeze()
    clock.advance(15_001)
    assert.deepEqual(replica.check(token({ iss: undefined })), { kind: 'unknown', cause: 'stale' })
    await untilStatus(replica, 'told to be stale', () => warned.length > 0)
    assert.ok(!warned.some((fields) => 'cause' in fields && fields.cause === 'no_issuer'))
    log.faults.thaw()
  })
})
