import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { type Fact, isLifted, type Lift, type Revocation, referenceCheck, type VerifiedToken } from '@rescind/protocol'
import fc from 'fast-check'
import type { ListQuery, Store } from '../../src/store/store.ts'
import { frame, ISS, issuer, lift, opened, revocation, START_MS, temporaryFolder } from './harness.ts'

/** Ids of all revocations that a query gives, over all its pages, with their states. */
async function listed(store: Store, query: Partial<ListQuery>): Promise<string[]> {
  const ids: string[] = []
  let after: string | undefined
  for (let pages = 0; pages < 100; pages += 1) {
    const more = after === undefined ? {} : { after }
    const page = await store.list({ nowMs: START_MS + 500, limit: 100, ...query, ...more })
    assert.ok(page.revocations.length <= (query.limit ?? 100))
    ids.push(...page.revocations.map(({ fact, state }) => `${fact.id} ${state}`))
    if (page.next === undefined) return ids
    after = page.next
  }
  return assert.fail('the pages do not end')
}

test('revocations are listed by every filter, the newest first', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const match = { sub: 'ann', tenant: 't' }
  const facts = [
    revocation('1', { match, reason: 'logged_out' }),
    revocation('2', { match: { sub: 'ann' }, mode: 'cutoff', issuedBeforeMs: 1, atMs: START_MS + 1, actor: 'bob' }),
    revocation('3', { match: { sub: 'ann' }, iss: 'other', atMs: START_MS + 2 }),
    revocation('4', { match: {}, atMs: START_MS + 3, expiresAtMs: START_MS + 500 }),
    revocation('5', { match, atMs: START_MS + 20 }),
    revocation('6', { match: { n: 42 }, atMs: START_MS + 21 }),
    revocation('7', { match: { n: '42' }, atMs: START_MS + 22 }),
    lift('l', { match, atMs: START_MS + 20 }),
    issuer(START_MS),
  ]
  await store.write({ frame: frame('e', 1, facts) }, { sync: false })
  const all = ['7 live', '6 live', '5 live', '4 expired', '3 live', '2 live', '1 lifted']
  assert.deepEqual(await listed(store, {}), all)
  assert.deepEqual(await listed(store, { limit: 1 }), all)
  assert.deepEqual(await listed(store, { limit: 3 }), all)
  assert.deepEqual(await listed(store, { claims: { sub: 'ann' } }), ['5 live', '3 live', '2 live', '1 lifted'])
  assert.deepEqual(await listed(store, { claims: { sub: 'ann' }, limit: 1 }), [
    '5 live',
    '3 live',
    '2 live',
    '1 lifted',
  ])
  assert.deepEqual(await listed(store, { claims: { tenant: 't' } }), ['5 live', '1 lifted'])
  assert.deepEqual(await listed(store, { claims: { tenant: 't', sub: 'bob' } }), [])
  assert.deepEqual(await listed(store, { claims: { n: 42 } }), ['6 live'])
  assert.deepEqual(await listed(store, { claims: { n: '42' } }), ['7 live'])
  assert.deepEqual(await listed(store, { claims: { sub: 'ann' }, iss: 'other' }), ['3 live'])
  assert.deepEqual(await listed(store, { mode: 'cutoff' }), ['2 live'])
  assert.deepEqual(await listed(store, { reason: 'logged_out' }), ['1 lifted'])
  assert.deepEqual(await listed(store, { actor: 'bob' }), ['2 live'])
  assert.deepEqual(await listed(store, { state: 'expired' }), ['4 expired'])
  assert.deepEqual(await listed(store, { state: 'lifted' }), ['1 lifted'])
  assert.deepEqual(
    await listed(store, { state: 'live', limit: 2 }),
    all.filter((line) => line.endsWith('live')),
  )
  assert.deepEqual(await listed(store, { fromMs: START_MS + 2, toMs: START_MS + 20 }), ['4 expired', '3 live'])
  assert.deepEqual(await listed(store, { claims: { sub: 'ann' }, fromMs: START_MS + 2, toMs: START_MS + 20 }), [
    '3 live',
  ])
  // The lift has expired: R10 counts live ones.
  const late = { nowMs: START_MS + 7_200_020, claims: { sub: 'ann' } }
  assert.deepEqual(await listed(store, { ...late, state: 'lifted' }), [])
  for (const after of ['', 'x', '%%%', Buffer.alloc(17).toString('base64url')]) {
    await assert.rejects(store.list({ nowMs: 0, limit: 1, after }), { code: 'ERR_INVALID_INPUT' })
  }
})

test('a page looks at a bounded number of facts, and says where to go on', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  for (let seq = 1; seq <= 11; seq += 1) {
    const many = Array.from({ length: 1_000 }, (_, at) => revocation(`${seq}-${at}`, { atMs: START_MS + seq }))
    await store.write({ frame: frame('e', seq, many) }, { sync: false })
  }
  await store.write({ frame: frame('e', 99, [revocation('rare', { actor: 'bob', atMs: START_MS })]) }, { sync: false })
  const first = await store.list({ nowMs: 0, limit: 5, actor: 'bob' })
  assert.deepEqual(first.revocations, [])
  assert.ok(first.next)
  assert.deepEqual(await listed(store, { nowMs: 0, limit: 5, actor: 'bob' }), ['rare live'])
})

test('facts on a key are those of its issuer, match and mode, lifts too, the newest first', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const match = { sub: 'ann', tenant: 1 }
  const on = [
    revocation('a', { match }),
    lift('b', { match, atMs: START_MS + 2 }),
    revocation('c', { match, atMs: START_MS + 3 }),
  ]
  const off = [
    revocation('d', { match: { sub: 'ann' } }),
    revocation('e', { match, iss: 'other' }),
    revocation('f', { match, mode: 'cutoff', issuedBeforeMs: 1 }),
    revocation('g', { match: { ...match, tenant: '1' } }),
  ]
  await store.write({ frame: frame('e', 1, [...on, ...off]) }, { sync: false })
  const found = await store.onKey(ISS, { tenant: 1, sub: 'ann' }, 'block')
  assert.deepEqual(
    found.map(({ fact }) => fact),
    on.reverse(),
  )
  assert.deepEqual(await store.onKey(ISS, {}, 'block'), [])
})

const value = fc.constantFrom('a', 'b', 1, '1', true)
const claims = fc.dictionary(fc.constantFrom('sub', 'tenant', 'aud'), value, { maxKeys: 2, noNullPrototype: true })
const wanted = fc.oneof(
  { weight: 5, arbitrary: claims },
  { weight: 1, arbitrary: fc.record({ kid: fc.constantFrom('k1', 'k2') }, { noNullPrototype: true }) },
)
const timeMs = fc.integer({ min: START_MS, max: START_MS + 10 })
const aFact: fc.Arbitrary<Fact> = fc
  .record({
    isLift: fc.boolean(),
    id: fc.constantFrom('x', 'y', 'z'),
    iss: fc.constantFrom(ISS, 'other'),
    match: wanted,
    mode: fc.constantFrom('block' as const, 'cutoff' as const),
    atMs: timeMs,
    expiresAtMs: fc.constantFrom(START_MS + 20, START_MS + 1_000),
    cutMs: fc.integer({ min: 0, max: 4_000 }),
    except: fc.option(fc.constant({ sid: ['s'] }), { nil: undefined }),
  })
  .map(({ isLift, mode, cutMs, except, ...rest }): Fact => {
    const chosen = Object.hasOwn(rest.match, 'kid') ? 'block' : mode
    const common = { ...rest, mode: chosen, actor: 'a' }
    if (isLift) return { kind: 'lift', ...common } satisfies Lift
    const cut = chosen === 'cutoff' ? { issuedBeforeMs: cutMs } : {}
    return { kind: 'revocation', ...common, ...cut, ...(except && { except }), reason: 'other' } satisfies Revocation
  })
const aToken: fc.Arbitrary<VerifiedToken> = fc.record(
  {
    payload: fc.record(
      {
        iss: fc.constantFrom(ISS, 'other', 7),
        sub: fc.oneof(value, fc.array(value, { maxLength: 3 })),
        tenant: fc.oneof(value, fc.array(value, { maxLength: 3 })),
        aud: fc.array(value, { maxLength: 40 }),
        iat: fc.constantFrom(0, 1, 2.5, 3, 'x'),
        sid: fc.constantFrom('s', 't'),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    protectedHeader: fc.record({ kid: fc.constantFrom('k1', 'k3', 3) }, { requiredKeys: [], noNullPrototype: true }),
  },
  { requiredKeys: ['payload'], noNullPrototype: true },
)

test('R6: the causes of a verdict are those that the reference matcher finds, one by one', async (t) => {
  const seed = Number(process.env.RESCIND_SEED ?? randomInt(2 ** 31))
  t.diagnostic(`seed ${seed}`)
  const dir = await temporaryFolder(t)
  let run = 0
  let hits = 0
  const property = fc.asyncProperty(
    fc.array(aFact, { maxLength: 12 }),
    fc.array(aToken, { minLength: 1, maxLength: 6 }),
    fc.constantFrom(START_MS + 15, START_MS + 20),
    async (facts, tokens, nowMs) => {
      run += 1
      const { store } = await opened(t, `${dir}/${run}`)
      for (const [at, fact] of facts.entries()) {
        await store.write({ frame: frame('e', at + 1, [fact]) }, { sync: false })
      }
      const live = facts.filter((fact) => fact.kind === 'issuer' || nowMs < fact.expiresAtMs)
      for (const token of tokens) {
        const causes = await store.causes(token, nowMs, { issuer: ISS })
        const expected = live.filter(
          (fact) =>
            fact.kind === 'revocation' &&
            !isLifted(fact, live) &&
            referenceCheck([fact], token, { nowMs, issuer: ISS }).kind === 'revoked',
        )
        const texts = (some: readonly Fact[]) => [...new Set(some.map((fact) => canonical(fact)))].sort()
        assert.deepEqual(texts(causes.map(({ fact }) => fact)), texts(expected))
        assert.equal(new Set(causes.map(({ fact }) => canonical(fact))).size, causes.length)
        const times = causes.map(({ fact }) => fact.atMs)
        assert.deepEqual(
          times,
          times.toSorted((a, b) => b - a),
        )
        if (causes.length > 0) hits += 1
      }
      await store.close()
    },
  )
  await fc.assert(property, { seed, numRuns: 100 })
  assert.ok(hits > 20, `${hits} tokens were revoked: the histories are too thin to show anything`)
})

test('the causes of a verdict are bounded, the newest stay; a token without an issuer has none', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const facts = Array.from({ length: 250 }, (_, at) =>
    revocation(`${at}`, { match: { sub: 'ann' }, atMs: START_MS + at }),
  )
  await store.write({ frame: frame('e', 1, facts) }, { sync: false })
  const causes = await store.causes({ payload: { iss: ISS, sub: 'ann' } }, START_MS)
  assert.equal(causes.length, 100)
  assert.deepEqual([causes[0]?.fact.atMs, causes[99]?.fact.atMs], [START_MS + 249, START_MS + 150])
  assert.deepEqual(await store.causes({ payload: { sub: 'ann' } }, START_MS), [])
})

/** Equal for equal facts, whatever the order of their names. */
function canonical(fact: Fact): string {
  return JSON.stringify(fact, (_, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  )
}
