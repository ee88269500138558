import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fact, isRescindError, limits } from '@rescind/protocol'
import { createDenylist, type Denylist } from '../src/index.ts'
import { digestOf, drain, ISS, imageOf, issuer, joinAll, lift, MINUTE, revocation, T, token } from './facts.ts'

const NOW = { nowMs: T + 1 }

/** Something of every kind, with values that an encoding could stumble over. */
const FACTS: readonly Fact[] = [
  issuer(),
  issuer({ iss: 'https://other.example', maxExpiryMs: MINUTE }),
  revocation({ match: {} }),
  revocation({ match: { sub: 's3:é\u{1f600}\n"\\\u0000' }, except: { jti: ['a', 7, true], sid: ['é'] } }),
  revocation({ match: { sub: 42, tenant: true } }),
  revocation({ match: { kid: '' }, mode: 'block', reason: 'key_compromised' }),
  revocation({ iss: 'https://other.example', mode: 'block' }),
  lift({ match: { sid: 'nothing to lift' }, mode: 'block' }),
  lift({ atMs: T - 1 }),
  revocation({ expiresAtMs: T + 9 * MINUTE }),
  revocation({ atMs: T + 1, issuedBeforeMs: T - 1, expiresAtMs: T + 8 * MINUTE }),
]

function holding(facts: readonly Fact[]): Denylist {
  const denylist = createDenylist()
  for (const fact of facts) denylist.apply(fact)
  return denylist
}

/** An index that folded the facts of one key. */
function folded(): Denylist {
  return holding([1, 2, 3, 4, 5].map((i) => revocation({ atMs: T + i, issuedBeforeMs: T - i, expiresAtMs: T + 1_000 })))
}

test('R11: an image carries every fact, exception and lift', () => {
  const from = holding(FACTS)
  const into = createDenylist()
  assert.equal(joinAll(into, imageOf(from)), true)
  assert.deepEqual(imageOf(into), imageOf(from))
  assert.equal(into.size, FACTS.length - 2)
  for (const fact of FACTS) if (fact.kind === 'issuer') assert.deepEqual(into.issuer(fact.iss), fact)
  assert.equal(into.apply(revocation({ atMs: T - 2 })), 'lifted')
})

test('R11: new state is joined to the old, and nothing leaves', () => {
  const into = holding([revocation({ match: { sub: 'bob' } }), lift({ atMs: T + MINUTE })])
  joinAll(into, imageOf(holding([revocation(), issuer()])))
  assert.equal(into.check(token({ sub: 'bob' }), NOW).kind, 'revoked')
  assert.equal(into.check(token(), NOW).kind, 'active', 'what the image holds is lifted here')
  joinAll(into, imageOf(createDenylist()))
  assert.equal(into.check(token({ sub: 'bob' }), NOW).kind, 'revoked', 'an empty image takes nothing away')
})

test('R9: what folded stays folded, and marked, in an image', () => {
  const into = createDenylist()
  joinAll(into, imageOf(folded()))
  assert.deepEqual(imageOf(into), imageOf(folded()))
  assert.equal(digestOf(into, T), digestOf(createDenylist(), T), 'left out of the digest')
})

test('an image of nothing is an image', () => {
  const chunks = [...createDenylist().image()]
  assert.equal(chunks.length, 1)
  assert.equal(joinAll(createDenylist(), Buffer.concat(chunks)), true)
})

test('an image comes in chunks, and survives what is applied and swept between them', () => {
  const count = 3 * limits.SLICE_ENTRIES
  const denylist = createDenylist()
  for (let i = 0; i < count; i++) {
    denylist.apply(revocation({ match: { sub: i }, expiresAtMs: i % 3 === 0 ? T : T + MINUTE }))
  }
  const chunks: Uint8Array[] = []
  for (const chunk of denylist.image()) {
    chunks.push(chunk)
    denylist.sweep({ deleteUpToMs: T, budget: count })
    for (let i = 0; i < 100; i++) denylist.apply(revocation({ match: { sub: `new ${chunks.length} ${i}` } }))
    denylist.apply(lift({ match: { sub: 1 } }))
  }
  assert.ok(chunks.length >= 3)
  const into = createDenylist()
  assert.equal(joinAll(into, Buffer.concat(chunks)), true)
  joinAll(into, imageOf(holding([lift({ match: { sub: 1 } })])))
  for (let i = 2; i < count; i++) {
    if (i % 3 !== 0) assert.equal(into.check(token({ sub: i }), NOW).kind, 'revoked', `sub ${i}`)
  }
})

test('a join yields after each slice; checks and facts in between see and keep what has come', () => {
  const facts = Array.from({ length: 2 * limits.SLICE_ENTRIES + 1 }, (_, i) => revocation({ match: { sub: i } }))
  const into = createDenylist()
  const slices = into.join(imageOf(holding(facts)))
  assert.equal(slices.next().done, false)
  assert.equal(into.size, limits.SLICE_ENTRIES)
  assert.equal(into.check(token({ sub: 0 }), NOW).kind, 'revoked')
  into.apply(lift({ match: { sub: facts.length - 1 } }))
  assert.equal(drain(slices), true)
  assert.equal(into.check(token({ sub: facts.length - 2 }), NOW).kind, 'revoked')
  assert.equal(
    into.check(token({ sub: facts.length - 1 }), { ...NOW, unmanagedIssuers: new Set([ISS]) }).kind,
    'active',
  )
})

function refusal(image: Uint8Array): string {
  try {
    joinAll(createDenylist(), image)
  } catch (error) {
    assert.ok(isRescindError(error) && error.code === 'ERR_IMAGE_MALFORMED', String(error))
    return error.message
  }
  return 'none'
}

const GOOD = [
  '{"image":1}',
  JSON.stringify(issuer()),
  `{"iss":"${ISS}","shape":["sid","sub"]}`,
  `["cutoff",["s","ann"],[[1,2,3,"other",{"jti":["x"]}]],[1,9],0]`,
  '{"end":1}',
]

test('bytes that are no image are refused with the line at fault', () => {
  const text = (...lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`)
  const slot = (row: string): Buffer => text(...GOOD.slice(0, 3), row, '{"end":1}')
  assert.equal(refusal(text(...GOOD)), 'none', 'the pattern of all that follow is well')
  const bad: [Uint8Array, RegExp][] = [
    [new Uint8Array(), /line 0: .*cut off/],
    [text('{"image":2}', '{"end":0}'), /line 1: not of format version 1/],
    [text('{"end":0}'), /line 1: not an image/],
    [text(...GOOD.slice(0, 4)), /line 4: .*cut off/],
    [text(...GOOD).subarray(0, 200), /line 3: /],
    [text(...GOOD.slice(0, 4), '{"end":2}'), /line 5: .*other slots/],
    [text(...GOOD, '{"image":1}'), /line 6: something follows the end/],
    [text('{"image":1}', '["block",[],[],[1,2],0]', '{"end":1}'), /line 2: a slot before any shape/],
    [text('{"image":1}', '{"iss":"i","shape":["b","a"]}', '{"end":0}'), /line 2: .*sorted/],
    [text('{"image":1}', '{"iss":"i","shape":["a","a"]}', '{"end":0}'), /line 2: .*sorted/],
    [text('{"image":1}', '{"iss":"i","shape":["__proto__"]}', '{"end":0}'), /line 2: .*sorted/],
    [text('{"image":1}', '{"iss":"i","shape":[1]}', '{"end":0}'), /line 2: .*sorted/],
    [text('{"image":1}', '{"iss":"i","shape":"a"}', '{"end":0}'), /line 2: .*no list/],
    [text('{"image":1}', '{"shape":["a"]}', '{"end":0}'), /line 2: not \{ iss, shape \}/],
    [text('{"image":1}', '7', '{"end":0}'), /line 2: neither/],
    [text('{"image":1}', '{"kind":"lift"}', '{"end":0}'), /line 2: not of kind issuer/],
    [text('{"image":1}', JSON.stringify({ ...issuer(), leewayMs: -1 }), '{"end":0}'), /line 2: leewayMs/],
    [Buffer.concat([text('{"image":1}'), Buffer.from([0x22, 0xff, 0x22, 0x0a])]), /line 2: /],
    [text('{"image":1}', ' '.repeat(limits.MAX_IMAGE_LINE_BYTES + 1)), /line 2: it has 524289 bytes/],
    [slot('["cutoff",["s"],[[1,2,3,"other",null]],null,0]'), /line 4: not one value per name/],
    [slot('["cutoff",["s","a"],[],null,0]'), /line 4: it holds nothing/],
    [slot('["cutoff",["s","a"],[[1,2,3,"other",null]],null,2]'), /line 4: not \[mode/],
    [slot('["cutoff",["s","a"],[[1,2,3,"other",null]],null]'), /line 4: not \[mode/],
    [slot('["sometimes",["s","a"],[[1,2,3,"other",null]],null,0]'), /line 4: mode/],
    [slot('["cutoff",["s",1.5],[[1,2,3,"other",null]],null,0]'), /line 4: match/],
    [slot('["cutoff",["s",null],[[1,2,3,"other",null]],null,0]'), /line 4: match/],
    [slot('["cutoff",["s","a"],[[1,2,null,"other",null]],null,0]'), /line 4: issuedBeforeMs/],
    [slot('["block",["s","a"],[[1,2,3,"other",null]],null,0]'), /line 4: issuedBeforeMs/],
    [slot('["block",["s","a"],[[1,2,null,"because",null]],null,0]'), /line 4: reason/],
    [slot('["block",["s","a"],[[1,-2,null,"other",null]],null,0]'), /line 4: expiresAtMs/],
    [slot('["block",["s","a"],[[1,2,null,"other",{"sub":["a"]}]],null,0]'), /line 4: except/],
    [slot('["block",["s","a"],[[1,2,null,"other"]],null,0]'), /line 4: a fact is not/],
    [slot('["block",["s","a"],[[1,2,null,"other",null]],[1],0]'), /line 4: its lift is not/],
    [slot('["block",["s","a"],[[1,2,null,"other",null]],[1,"2"],0]'), /line 4: expiresAtMs/],
    [slot(`["block",["s","a"],[${Array(5).fill('[1,2,null,"other",null]')}],null,0]`), /line 4: .*too much/],
  ]
  for (const [image, message] of bad) assert.match(refusal(image), message, Buffer.from(image).toString().slice(0, 300))
})

test('an image cut off anywhere is refused, and what came before the cut is kept', () => {
  const image = imageOf(holding(FACTS))
  const last = Buffer.from(image).lastIndexOf('}')
  for (let length = 0; length <= last; length++)
    assert.notEqual(refusal(image.subarray(0, length)), 'none', `${length}`)
  const into = createDenylist()
  assert.throws(() => joinAll(into, image.subarray(0, last)), { code: 'ERR_IMAGE_MALFORMED' })
  assert.equal(into.check(token(), NOW).kind, 'revoked')
})

test('R1: an image with ill-formed UTF-8, which would make two claim values one, is refused', () => {
  const image = Buffer.from(imageOf(holding([revocation({ match: { sub: 'marked' } })])))
  image[image.indexOf('marked')] = 0xff
  assert.throws(() => joinAll(createDenylist(), image), { code: 'ERR_IMAGE_MALFORMED' })
})
