import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RescindError } from '@rescind/protocol'
import { openReplica } from '../src/index.ts'

describe('options of openReplica', () => {
  it('R18: whenUnknown has no default; everything wrong is named at once', async () => {
    const nothing = {} as Parameters<typeof openReplica>[0]
    await assert.rejects(openReplica(nothing), (error: RescindError) => {
      assert.equal(error.code, 'ERR_INVALID_OPTION')
      assert.deepEqual(
        error.mistakes.map(({ pointer }) => pointer),
        ['/log', '/whenUnknown', '/snapshot'],
      )
      return true
    })
  })

  it('options that are none are refused, not read', async () => {
    await assert.rejects(openReplica(undefined as never), { code: 'ERR_INVALID_OPTION' })
  })

  const log = { connect: () => Promise.reject(new Error('not reached')) }
  const wrong: [string, object][] = [
    ['/bootstrap', { bootstrap: 'nothing' }],
    ['/snapshot', { snapshot: {} }],
    ['/snapshot', { snapshot: undefined, bootstrap: 'snapshot' }],
    ['/whenUnknown', { whenUnknown: 'maybe' }],
    ['/issuer', { issuer: 1 }],
    ['/unmanagedIssuers', { unmanagedIssuers: 'https://id.example' }],
    ['/name', { name: 'a.b' }],
    ['/staleAfterMs', { staleAfterMs: 10, proveEveryMs: 100 }],
    ['/staleAfterMs', { staleAfterMs: Number.NaN }],
    ['/proveEveryMs', { proveEveryMs: 9_000 }],
    ['/staleAfter', { staleAfter: 9_000 }],
    ['/snapshot', { snapshot: 'https://publisher/v1/snapshot' }],
  ]
  for (const [pointer, given] of wrong) {
    it(`refuses ${JSON.stringify(given)} at ${pointer}`, async () => {
      const options = { log, bootstrap: 'log', whenUnknown: 'reject', ...given } as Parameters<typeof openReplica>[0]
      await assert.rejects(openReplica(options), (error: RescindError) => {
        assert.ok(
          error.mistakes.some((mistake) => mistake.pointer === pointer),
          error.message,
        )
        return true
      })
    })
  }
})
