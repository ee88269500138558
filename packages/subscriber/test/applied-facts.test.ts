import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, RescindError, type Revocation } from '@rescind/protocol'
import { AppliedFacts } from '../src/applied-facts.ts'

const fact = (id: string): Revocation => ({
  kind: 'revocation',
  id,
  iss: 'https://id.example',
  match: { jti: id },
  mode: 'block',
  reason: 'other',
  actor: 'a',
  atMs: 1,
  expiresAtMs: 2,
})

describe('facts()', () => {
  it('gives the facts from the call on, to each reader', async () => {
    const facts = new AppliedFacts()
    facts.push([fact('before')])
    const [one, two] = [facts.read(undefined), facts.read(undefined)]
    facts.push([fact('a'), fact('b')])
    for (const reader of [one, two]) {
      assert.equal((await reader.next()).value.id, 'a')
      assert.equal((await reader.next()).value.id, 'b')
    }
    const waiting = one.next()
    facts.push([fact('c')])
    assert.equal((await waiting).value.id, 'c')
  })

  it('a reader that falls behind its bound is told so, and harms no other', async () => {
    const facts = new AppliedFacts()
    const slow = facts.read(undefined)
    const many = Array.from({ length: limits.MAX_QUEUED_FACTS }, (_, n) => fact(String(n)))
    facts.push(many)
    facts.push([fact('one too many')])
    const late = facts.read(undefined)
    await assert.rejects(async () => slow.next(), { code: 'ERR_FACTS_MISSED' })
    assert.equal((await slow.next()).done, true)
    facts.push([fact('after')])
    assert.equal((await late.next()).value.id, 'after')
  })

  it('a snapshot ends every reader with ERR_FACTS_MISSED, after what was queued', async () => {
    const facts = new AppliedFacts()
    const reader = facts.read(undefined)
    facts.push([fact('a')])
    facts.end(new RescindError('ERR_FACTS_MISSED', 'test'))
    assert.equal((await reader.next()).value.id, 'a')
    await assert.rejects(async () => reader.next(), { code: 'ERR_FACTS_MISSED' })
  })

  it('closing ends readers without an error; leaving the loop leaves', async () => {
    const facts = new AppliedFacts()
    const seen: string[] = []
    const loop = (async () => {
      for await (const { id } of facts.read(undefined)) seen.push(id)
    })()
    facts.push([fact('a')])
    facts.end()
    await loop
    assert.deepEqual(seen, ['a'])
  })

  it('a signal ends the reader that it was given to', async () => {
    const facts = new AppliedFacts()
    const abort = new AbortController()
    const reader = facts.read(abort.signal)
    const waiting = reader.next()
    abort.abort(new Error('enough'))
    await assert.rejects(waiting, /enough/)
    const aborted = facts.read(abort.signal)
    await assert.rejects(async () => aborted.next(), /enough/)
  })

  it('gives each of several calls of next() a fact of its own, and ends all of them', async () => {
    const facts = new AppliedFacts()
    let began = 0
    const reader = facts.read(undefined, () => {
      began += 1
    })
    assert.deepEqual([facts.waiting, began], [0, 0], 'nobody waits before next() is called')
    const waiting = [reader.next(), reader.next(), reader.next(), reader.next()]
    assert.deepEqual([facts.waiting, began], [4, 4])
    facts.push([fact('a')])
    facts.push([fact('b')])
    assert.deepEqual(
      (await Promise.all(waiting.slice(0, 2))).map(({ value }) => value.id),
      ['a', 'b'],
    )
    facts.end()
    assert.deepEqual(
      (await Promise.all(waiting.slice(2))).map(({ done }) => done),
      [true, true],
    )
    assert.equal(facts.waiting, 0)
  })
})
