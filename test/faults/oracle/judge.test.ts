import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRfc3339, type Revocation } from '@rescind/protocol'
import { type Evidence, judge } from './judge.ts'
import type { Answered, Asked, Try } from './ledger.ts'
import type { LyingFact } from './stream.ts'

const EPOCHS = ['a'.repeat(32), 'b'.repeat(32)] as const

/** The fact of a request, as it lies at a place. */
function lying(
  name: string,
  place: { seq: number; atMs: number; id?: string; epoch?: string; publisher?: string; index?: number },
): LyingFact {
  const { seq, atMs, id = `id-${name}`, epoch = EPOCHS[0], publisher = 'p1', index = 0 } = place
  const note = `${name}/${index}`
  const common = {
    id,
    iss: 'i',
    match: { jti: note },
    mode: 'block',
    actor: 'admin',
    note,
    atMs,
    expiresAtMs: 9e12,
  } as const
  const fact: Revocation = { kind: 'revocation', reason: 'other', ...common }
  return { fact, seq, frame: { seq, frameId: `f${seq}`, epoch, publisher, facts: [fact] } }
}

function lift(of: string, { seq, atMs }: { seq: number; atMs: number }): LyingFact {
  const { fact, ...place } = lying(of, { seq, atMs, id: `lift-${of}` })
  const { id, iss, match, mode, actor, expiresAtMs } = fact as Revocation
  return { ...place, fact: { kind: 'lift', id, iss, match, mode, actor, expiresAtMs, atMs, note: `lift-of-${of}/0` } }
}

const none: Try = { to: 'p1', sentMs: 0, receivedMs: 1, status: 0 }
const refused: Try = { ...none, status: 400, code: 'invalid_revocation' }

function accepted(state: string, name: string, at?: { seq: number; atMs: number }): Try {
  const fact = { id: `id-${name}`, ...(at && { at: formatRfc3339(at.atMs) }) }
  const cursor = at && { cursor: { epoch: EPOCHS[0], seq: at.seq, frameId: `f${at.seq}` } }
  return { ...none, status: at ? 201 : 202, answer: { state, facts: [fact], ...cursor } as Answered }
}

function asked(name: string, tries: Try[], more: Partial<Asked> = {}): Asked {
  const facts = [{ match: { jti: `${name}/0` }, mode: 'block' as const }]
  return { name, client: 1, kind: 'revocation', facts, wrong: false, tries, ...more }
}

function rules(evidence: Partial<Evidence>): string[] {
  return judge({ ledger: [], stream: [], copies: 'strict', ...evidence }).map(({ rule }) => rule)
}

test('R12: what was answered with success lies in the stream, as it was answered, where it was answered', () => {
  const ledger = [asked('r1', [accepted('broadcast', 'r1', { seq: 1, atMs: 5 })])]
  assert.deepEqual(rules({ ledger, stream: [lying('r1', { seq: 1, atMs: 5 })] }), [])
  assert.deepEqual(rules({ ledger }), ['lost'])
  assert.deepEqual(rules({ ledger, stream: [lying('r1', { seq: 1, atMs: 6 })] }), ['altered'])
  assert.deepEqual(rules({ ledger, stream: [lying('r1', { seq: 1, atMs: 5, id: 'other' })] }), ['altered'])
  assert.deepEqual(rules({ ledger, stream: [lying('r1', { seq: 2, atMs: 5 })] }), ['misplaced'])
  assert.deepEqual(rules({ ledger: [asked('r1', [accepted('recorded', 'r1')])] }), ['lost'])
})

test('what was refused lies nowhere; what had no answer may, whole or not at all', () => {
  const stream = [lying('r1', { seq: 1, atMs: 5 })]
  assert.deepEqual(rules({ ledger: [asked('r1', [refused], { wrong: true })], stream }), ['refused'])
  assert.deepEqual(rules({ ledger: [asked('r1', [refused], { wrong: true })] }), [])
  assert.deepEqual(rules({ ledger: [asked('r1', [refused])] }), ['wrongly_refused'])
  assert.deepEqual(rules({ ledger: [asked('r1', [none])], stream }), [])
  assert.deepEqual(rules({ ledger: [asked('r1', [none])] }), [])
  const facts = [0, 1].map((index) => ({ match: { jti: `r1/${index}` }, mode: 'block' as const }))
  assert.deepEqual(rules({ ledger: [asked('r1', [none], { facts })], stream }), ['torn'])
})

test('a repeat makes no second fact, and gets an answer', () => {
  const ledger = [asked('r1', [none, accepted('recorded', 'r1')], { key: 'k' })]
  const first = lying('r1', { seq: 1, atMs: 5 })
  assert.deepEqual(rules({ ledger, stream: [first, lying('r1', { seq: 2, atMs: 6, id: 'other' })] }), ['doubled'])
  assert.deepEqual(rules({ ledger: [asked('r1', [none, none], { key: 'k' })] }), ['unanswered'])
  const slow = { ...accepted('recorded', 'r1'), receivedMs: 16_000 }
  assert.deepEqual(rules({ ledger: [asked('r1', [slow])], stream: [first] }), ['hung'])
})

test('R10, R12: a fact lies there twice only if a lift outran it, or if it was lost', () => {
  const first = lying('r1', { seq: 1, atMs: 5 })
  const same = lying('r1', { seq: 3, atMs: 5 })
  assert.deepEqual(rules({ stream: [first, same] }), ['copied'])
  assert.deepEqual(rules({ stream: [first, lying('r1', { seq: 3, atMs: 8 })] }), ['altered'])
  assert.deepEqual(rules({ stream: [first, lift('r1', { seq: 2, atMs: 6 }), lying('r1', { seq: 3, atMs: 8 })] }), [])
  const again = lying('r1', { seq: 3, atMs: 5, epoch: EPOCHS[1] })
  assert.deepEqual(rules({ stream: [first, again] }), ['copied'])
  assert.deepEqual(rules({ stream: [first, again], copies: 'lossy' }), [])
  assert.deepEqual(rules({ stream: [first, same], copies: 'lossy' }), ['copied'])
  assert.deepEqual(rules({ stream: [first, lying('r1', { seq: 3, atMs: 5, publisher: 'p2' })], copies: 'lossy' }), [])
})

test('R10: what one client asked for one after the other has rising times, and rising places at one time', () => {
  const ledger = [asked('r1', [accepted('recorded', 'r1')]), asked('r2', [accepted('recorded', 'r2')])]
  const of = (one: number, two: number) => [lying('r1', { seq: 1, atMs: one }), lying('r2', { seq: 2, atMs: two })]
  assert.deepEqual(rules({ ledger, stream: of(5, 6) }), [])
  assert.deepEqual(rules({ ledger, stream: of(5, 5) }), [])
  assert.deepEqual(rules({ ledger, stream: of(6, 5) }), ['disordered'])
  const others = [ledger[0] as Asked, asked('r2', [accepted('recorded', 'r2')], { client: 2 })]
  assert.deepEqual(rules({ ledger: others, stream: of(6, 5) }), [])
})
