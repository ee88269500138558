import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { type Answer, IdempotentAnswers } from '../src/idempotency.ts'
import { IDEMPOTENCY_KEPT_MS } from '../src/limits.ts'

function counting(status = 201) {
  let runs = 0
  const produce = async (): Promise<Answer> => ({ status, payload: `answer ${++runs}` })
  return { produce, runs: () => runs }
}

function keyed(key: string | string[] | undefined, body = '{}', principal = 'ann') {
  return { principal, key, route: 'POST /x', bytes: Buffer.from(body) }
}

test('the same request again gets the first answer again', async () => {
  const answers = new IdempotentAnswers(manualClock(), () => 'e1')
  const { produce, runs } = counting()
  assert.deepEqual(await answers.once(keyed('k'), produce), {
    answer: { status: 201, payload: 'answer 1' },
    replayed: false,
  })
  assert.deepEqual(await answers.once(keyed('k'), produce), {
    answer: { status: 201, payload: 'answer 1' },
    replayed: true,
  })
  assert.equal(runs(), 1)
})

test('without a key nothing is remembered', async () => {
  const answers = new IdempotentAnswers(manualClock(), () => 'e1')
  const { produce, runs } = counting()
  await answers.once(keyed(undefined), produce)
  await answers.once(keyed(undefined), produce)
  assert.equal(runs(), 2)
})

test('another body or another route under the key is refused; another principal has keys of its own', async () => {
  const answers = new IdempotentAnswers(manualClock(), () => 'e1')
  const { produce, runs } = counting()
  await answers.once(keyed('k', '{"a":1}'), produce)
  await assert.rejects(answers.once(keyed('k', '{"a":2}'), produce), { code: 'idempotency_key_reused', status: 422 })
  const elsewhere = { ...keyed('k', '{"a":1}'), route: 'POST /y' }
  await assert.rejects(answers.once(elsewhere, produce), { code: 'idempotency_key_reused' })
  await answers.once(keyed('k', '{"a":2}', 'bob'), produce)
  assert.equal(runs(), 2)
})

test('while the first is running the same request is 409, and another body 422', async () => {
  const answers = new IdempotentAnswers(manualClock(), () => 'e1')
  let finish: (answer: Answer) => void = () => {}
  const first = answers.once(
    keyed('k'),
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  const { produce } = counting()
  await assert.rejects(answers.once(keyed('k'), produce), { code: 'idempotency_key_in_use', status: 409 })
  await assert.rejects(answers.once(keyed('k', '[]'), produce), { code: 'idempotency_key_reused' })
  finish({ status: 201, payload: 'first' })
  await first
  assert.equal((await answers.once(keyed('k'), produce)).answer.payload, 'first')
})

test('a failure is not remembered', async () => {
  const answers = new IdempotentAnswers(manualClock(), () => 'e1')
  const { produce } = counting()
  await assert.rejects(
    answers.once(keyed('k'), () => Promise.reject(new Error('away'))),
    /away/,
  )
  assert.equal((await answers.once(keyed('k', 'mended'), produce)).replayed, false)
})

test('an answer is forgotten after a day', async () => {
  const clock = manualClock()
  const answers = new IdempotentAnswers(clock, () => 'e1')
  const { produce, runs } = counting()
  await answers.once(keyed('k'), produce)
  clock.advance(IDEMPOTENCY_KEPT_MS - 1)
  await answers.once(keyed('k'), produce)
  assert.equal(runs(), 1)
  clock.advance(2)
  await answers.once(keyed('k'), produce)
  assert.equal(runs(), 2)
})

test('the memory is bounded: the least recently used answers go first', async () => {
  const answers = new IdempotentAnswers(manualClock(), () => 'e1', 10_000)
  const { produce, runs } = counting()
  for (let n = 0; n < 100; n++) await answers.once(keyed(`k${n}`), produce)
  await answers.once(keyed('k99'), produce)
  assert.equal(runs(), 100)
  await answers.once(keyed('k0'), produce)
  assert.equal(runs(), 101)
})

test('a key is 1 to 255 visible characters', async () => {
  const answers = new IdempotentAnswers(manualClock(), () => 'e1')
  const { produce } = counting()
  for (const key of ['', 'a b', 'ä', 'a\u0000', 'x'.repeat(256), ['a', 'b']]) {
    await assert.rejects(answers.once(keyed(key), produce), { code: 'invalid_idempotency_key' }, String(key))
  }
  await answers.once(keyed('x'.repeat(255)), produce)
})

test('what was answered in another epoch of the log is asked anew: nobody knows whether its facts are in this one', async () => {
  let epoch = 'e1'
  const answers = new IdempotentAnswers(manualClock(), () => epoch)
  const keyed = { principal: 'admin', key: 'k', route: 'POST /', bytes: Buffer.from('{}') }
  const produce = async () => ({ status: 201, payload: epoch })
  assert.equal((await answers.once(keyed, produce)).replayed, false)
  assert.equal((await answers.once(keyed, produce)).replayed, true)
  epoch = 'e2'
  assert.deepEqual(await answers.once(keyed, produce), { answer: { status: 201, payload: 'e2' }, replayed: false })
})

test('an answer that the log changed its epoch under is not kept', async () => {
  let epoch = 'e1'
  const answers = new IdempotentAnswers(manualClock(), () => epoch)
  const keyed = { principal: 'admin', key: 'k', route: 'POST /', bytes: Buffer.from('{}') }
  const produce = async () => {
    epoch += '+'
    return { status: 201, payload: epoch }
  }
  await answers.once(keyed, produce)
  assert.equal((await answers.once(keyed, produce)).replayed, false)
})
