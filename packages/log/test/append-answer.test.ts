import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readAppendAnswer } from '../src/append-answer.ts'

const read = (answer: object) => readAppendAnswer(Buffer.from(JSON.stringify(answer)), 'RESCIND')
const refusal = (err_code: number, description: string, code = 400) => ({ error: { code, err_code, description } })
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected

describe('the answer to an append', () => {
  it('names the sequence, and whether the message id was known', () => {
    assert.deepEqual(read({ stream: 'RESCIND', seq: 7 }), { seq: 7, duplicate: false })
    assert.deepEqual(read({ stream: 'RESCIND', seq: 7, duplicate: true }), { seq: 7, duplicate: true })
  })

  it('R16: a full log is told from a broker that is away', () => {
    assert.throws(() => read(refusal(10077, 'maximum bytes exceeded', 503)), code('ERR_LOG_FULL'))
    assert.throws(() => read(refusal(10047, 'insufficient storage resources available', 500)), code('ERR_LOG_FULL'))
    assert.throws(() => read(refusal(10023, 'insufficient resources', 503)), code('ERR_LOG_FULL'))
    assert.throws(() => read(refusal(10077, 'store is closed', 503)), code('ERR_LOG_UNAVAILABLE'))
    assert.throws(() => read(refusal(10008, 'temporarily unavailable', 503)), code('ERR_LOG_UNAVAILABLE'))
  })

  it('another stream is a mistake in the configuration', () => {
    assert.throws(() => read({ stream: 'OTHER', seq: 7 }), code('ERR_LOG_MISCONFIGURED'))
    assert.throws(() => read({ seq: 7 }), code('ERR_LOG_MISCONFIGURED'))
    assert.throws(() => read(refusal(10060, 'expected stream does not match')), code('ERR_LOG_MISCONFIGURED'))
    assert.throws(() => read(refusal(10054, 'message size exceeds maximum allowed')), code('ERR_LOG_MISCONFIGURED'))
  })

  it('a sequence that cannot be is no acknowledgement', () => {
    for (const seq of [undefined, 0, -1, 1.5, '7', 2 ** 60]) {
      assert.throws(() => read({ stream: 'RESCIND', seq }), code('ERR_LOG_UNAVAILABLE'), String(seq))
    }
  })
})
