import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newIdentity } from '../src/log-identity.ts'
import { natsSettings } from '../src/nats-options.ts'
import { dangerousDifferences, maxAgeMsOf, wantedConfig, withMaxAge } from '../src/stream-config.ts'

const settings = natsSettings({ servers: 'nats://127.0.0.1:4222', replicas: 3 })
const DAY_MS = 86_400_000
const wanted = wantedConfig(settings, newIdentity(), DAY_MS)
const differences = (changes: object) => dangerousDifferences(settings, { ...wanted, ...changes })

describe('what a stream must be', () => {
  it('is what a new one is made as', () => {
    assert.deepEqual(dangerousDifferences(settings, wanted), [])
  })

  const dangerous: Record<string, unknown[]> = {
    storage: ['memory', undefined],
    retention: ['workqueue', 'interest'],
    discard: ['old'],
    max_msgs: [1_000],
    max_msgs_per_subject: [1],
    max_bytes: [-1, 0, undefined],
    max_msg_size: [1_000],
    num_replicas: [1],
    subjects: [['rescind.log', 'other'], ['rescind.>'], [], undefined],
    deny_delete: [false, undefined],
    deny_purge: [false, undefined],
    allow_direct: [false, undefined],
    republish: [
      undefined,
      null,
      { src: 'rescind.log', dest: 'elsewhere' },
      { src: 'other', dest: 'rescind.live' },
      { src: 'rescind.log', dest: 'rescind.live', headers_only: true },
    ],
    duplicate_window: [1_000_000_000, undefined],
    mirror: [{ name: 'OTHER' }],
    sources: [[{ name: 'OTHER' }]],
    sealed: [true],
    no_ack: [true],
    allow_rollup_hdrs: [true],
    allow_msg_ttl: [true],
    subject_transform: [{ src: 'a', dest: 'b' }],
    allow_msg_counter: [true],
    persist_mode: ['async'],
  }
  for (const [field, values] of Object.entries(dangerous)) {
    it(`names a dangerous ${field}, and what it must be`, () => {
      for (const value of values) {
        const found = differences({ [field]: value })
        assert.equal(found.length, 1, JSON.stringify(value))
        assert.match(found[0] ?? '', new RegExp(`^${field} is .+ and must be .+ \\(else .+\\)$`))
      }
    })
  }

  it('keeps frames for as long as was asked, which is no danger: a publisher raises what is shorter', () => {
    assert.equal(maxAgeMsOf(wanted), DAY_MS)
    assert.equal(wantedConfig(settings, newIdentity(), 0).max_age, 0, 'for ever')
    assert.deepEqual(differences({ max_age: 3_600_000_000_000 }), [])
    for (const [age, ms] of [
      [undefined, 0],
      [-1, 0],
      [0, 0],
      [1_500_000_000, 1_500],
    ]) {
      assert.equal(maxAgeMsOf({ max_age: age }), ms)
    }
    assert.deepEqual(withMaxAge({ name: 'R', max_age: 1 }, 2_000), {
      name: 'R',
      max_age: 2_000_000_000,
      duplicate_window: 120_000_000_000,
    })
  })

  it('names all differences at once', () => {
    assert.equal(differences({ storage: 'memory', discard: 'old', deny_purge: false }).length, 3)
  })

  it('lets pass what harms nothing', () => {
    const harmless = [
      { num_replicas: 5 },
      { max_bytes: 1_000_000 },
      { max_msg_size: -1 },
      { max_msgs: 0 },
      { duplicate_window: 600_000_000_000 },
      { republish: { src: '>', dest: 'rescind.live' } },
      { republish: { dest: 'rescind.live' } },
      { sources: [], sealed: false, mirror: undefined, persist_mode: 'default' },
      { metadata: { owner: 'us' }, placement: { tags: ['ssd'] }, compression: 's2' },
    ]
    for (const changes of harmless) assert.deepEqual(differences(changes), [], JSON.stringify(changes))
  })
})
