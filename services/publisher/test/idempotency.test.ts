import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock, RescindError } from '@rescind/protocol'
import { type Answer, IdempotentAnswers } from '../src/idempotency.ts'
import type { Change, KeptAnswer, KnownRequest, Store } from '../src/store/store.ts'

/** What a Store keeps of requests, in memory. */
function keptRequests() {
  const answers = new Map<string, KeptAnswer>()
  const inFrames = new Map<string, KnownRequest>()
  let failure: RescindError | undefined
  const store: Pick<Store, 'request' | 'write'> = {
    async request(key) {
      const answer = answers.get(key)
      const known = inFrames.get(key)
      if (!answer) return known
      const { body, status, payload } = answer
      return { body, answer: { status, payload }, ids: known?.ids ?? [] }
    },
    async write({ answers: kept = [] }: Change) {
      if (failure) throw failure
      for (const answer of kept) answers.set(answer.key, answer)
    },
  }
  const fail = (error: RescindError) => {
    failure = error
  }
  return { store, answers, inFrames, fail }
}

function counting(status = 201) {
  let runs = 0
  const produce = async (): Promise<Answer> => ({ status, payload: `answer ${++runs}` })
  return { produce, runs: () => runs }
}

function keyed(key: string | string[] | undefined, body = '{}', principal = 'ann') {
  return { principal, key, route: 'POST /x', bytes: Buffer.from(body) }
}

const never = () => assert.fail('nothing was to be rebuilt')

test('the same request again gets the first answer again', async () => {
  const { store } = keptRequests()
  const answers = new IdempotentAnswers(store, manualClock())
  const { produce, runs } = counting()
  const answer = { status: 201, payload: 'answer 1' }
  assert.deepEqual(await answers.once(keyed('k'), produce, never), { answer, replayed: false })
  assert.deepEqual(await answers.once(keyed('k'), produce, never), { answer, replayed: true })
  const restarted = new IdempotentAnswers(store, manualClock())
  assert.deepEqual(await restarted.once(keyed('k'), produce, never), { answer, replayed: true })
  assert.equal(runs(), 1)
})

test('without a key nothing is remembered, and no hashes travel', async () => {
  const { store, answers: kept } = keptRequests()
  const answers = new IdempotentAnswers(store, manualClock())
  for (const _ of [1, 2]) {
    await answers.once(
      keyed(undefined),
      async (request) => {
        assert.equal(request, undefined)
        return { status: 201, payload: '' }
      },
      never,
    )
  }
  assert.equal(kept.size, 0)
})

test('what is kept and travels are hashes: of principal and key, and of route and body', async () => {
  const { store, answers: kept } = keptRequests()
  const answers = new IdempotentAnswers(store, manualClock(7_000))
  const seen = new Set<string>()
  const cases = [
    [keyed('k'), 2],
    [keyed('k', '{}', 'bob'), 3],
    [{ ...keyed('l'), route: 'POST /y' }, 5],
    [keyed('m', '[]'), 7],
  ] as const
  for (const [one, sizeAfter] of cases) {
    await answers.once(
      one,
      async (request) => {
        for (const hash of [request?.key ?? '', request?.body ?? '']) {
          assert.match(hash, /^[0-9a-f]{32}$/)
          seen.add(hash)
        }
        return { status: 202, payload: 'p' }
      },
      never,
    )
    assert.equal(seen.size, sizeAfter)
  }
  for (const answer of kept.values()) assert.deepEqual([answer.status, answer.answeredAtMs], [202, 7_000])
})

test('another body or another route under the key is refused; another principal has keys of its own', async () => {
  const answers = new IdempotentAnswers(keptRequests().store, manualClock())
  const { produce, runs } = counting()
  await answers.once(keyed('k', '{"a":1}'), produce, never)
  const other = answers.once(keyed('k', '{"a":2}'), produce, never)
  await assert.rejects(other, { code: 'idempotency_key_reused', status: 422 })
  const elsewhere = { ...keyed('k', '{"a":1}'), route: 'POST /y' }
  await assert.rejects(answers.once(elsewhere, produce, never), { code: 'idempotency_key_reused' })
  await answers.once(keyed('k', '{"a":2}', 'bob'), produce, never)
  assert.equal(runs(), 2)
})

test('while the first is running the same request is 409, and another body 422', async () => {
  const answers = new IdempotentAnswers(keptRequests().store, manualClock())
  let finish: (answer: Answer) => void = () => {}
  const first = answers.once(
    keyed('k'),
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
    never,
  )
  const { produce } = counting()
  await assert.rejects(answers.once(keyed('k'), produce, never), { code: 'idempotency_key_in_use', status: 409 })
  await assert.rejects(answers.once(keyed('k', '[]'), produce, never), { code: 'idempotency_key_reused' })
  finish({ status: 201, payload: 'first' })
  await first
  assert.equal((await answers.once(keyed('k'), produce, never)).answer.payload, 'first')
})

test('a failure is not remembered, nor is a refusal', async () => {
  const answers = new IdempotentAnswers(keptRequests().store, manualClock())
  const { produce } = counting()
  await assert.rejects(
    answers.once(keyed('k'), () => Promise.reject(new Error('away')), never),
    /away/,
  )
  assert.equal((await answers.once(keyed('k', 'refused'), counting(422).produce, never)).answer.status, 422)
  assert.equal((await answers.once(keyed('k', 'mended'), produce, never)).replayed, false)
})

test('R12: of a request that only its facts are known of, the answer is made of them; if they are gone it runs anew', async () => {
  const { store, inFrames, answers: kept } = keptRequests()
  const answers = new IdempotentAnswers(store, manualClock())
  let hashes = { key: '', body: '' }
  await answers.once(
    keyed('k'),
    async (request) => {
      hashes = request as typeof hashes
      return { status: 201, payload: 'lost' }
    },
    never,
  )
  kept.clear()
  const known = { body: hashes.body, ids: ['a'], cursor: { epoch: 'e', seq: 1, frameId: 'f' } }
  inFrames.set(hashes.key, known)
  const { produce, runs } = counting()
  const rebuilt = { status: 201, payload: 'rebuilt' }
  const again = await answers.once(keyed('k'), produce, async (told) => {
    assert.deepEqual(told, known)
    return rebuilt
  })
  assert.deepEqual(again, { answer: rebuilt, replayed: true })
  const other = answers.once(keyed('k', '[]'), produce, async () => rebuilt)
  await assert.rejects(other, { code: 'idempotency_key_reused' })
  assert.equal(runs(), 0)
  assert.equal((await answers.once(keyed('k'), produce, async () => undefined)).replayed, false)
  assert.equal(runs(), 1)
})

test('what was done is answered though its answer cannot be kept: its facts say enough for a repeat', async () => {
  const { store, fail } = keptRequests()
  const answers = new IdempotentAnswers(store, manualClock())
  fail(new RescindError('ERR_STORE_FAILED', 'no'))
  const { produce } = counting()
  assert.equal((await answers.once(keyed('k'), produce, never)).answer.payload, 'answer 1')
})

test('a key is 1 to 255 visible characters', async () => {
  const answers = new IdempotentAnswers(keptRequests().store, manualClock())
  const { produce } = counting()
  for (const key of ['', 'a b', 'ä', 'a\u0000', 'x'.repeat(256), ['a', 'b']]) {
    await assert.rejects(answers.once(keyed(key), produce, never), { code: 'invalid_idempotency_key' }, String(key))
  }
  await answers.once(keyed('x'.repeat(255)), produce, never)
})
