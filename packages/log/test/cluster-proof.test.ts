import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { proofAgeMs } from '../src/cluster-proof.ts'

const ms = (milliseconds: number) => milliseconds * 1_000_000
const current = (activeMs: number) => ({ name: 'peer', current: true, active: ms(activeMs) })
const lagging = (activeMs: number) => ({ name: 'peer', current: false, active: ms(activeMs), lag: 12 })
const cluster = (...replicas: object[]) => ({ name: 'c', leader: 'n1', replicas })

describe('R19: what an answer of a cluster proves', () => {
  it('a lone server proves as of now, whether it names itself or not', () => {
    assert.equal(proofAgeMs(1, undefined), 0)
    assert.equal(proofAgeMs(1, { leader: 'n1' }), 0)
  })

  it('one copy in a cluster proves as of now if its leader is named', () => {
    assert.equal(proofAgeMs(1, { name: 'c', leader: 'n1' }), 0)
    assert.equal(proofAgeMs(1, { name: 'c' }), undefined)
    assert.equal(proofAgeMs(1, { name: 'c', leader: '' }), undefined)
  })

  it('three copies, all current: the closest peer makes the majority', () => {
    assert.equal(proofAgeMs(3, cluster(current(400), current(150))), 150)
  })

  it('three copies, one lagging: the other makes the majority', () => {
    assert.equal(proofAgeMs(3, cluster(lagging(10), current(700))), 700)
    assert.equal(proofAgeMs(3, cluster({ ...current(10), offline: true }, current(700))), 700)
  })

  it('three copies, a leader that is cut off from both peers proves nothing', () => {
    assert.equal(proofAgeMs(3, cluster(lagging(10_600), lagging(10_600))), undefined)
    const offline = { ...current(10_600), offline: true }
    assert.equal(proofAgeMs(3, cluster(offline, offline)), undefined)
  })

  it('three copies, a leader that has just been cut off: the proof is as old as the last sign of life', () => {
    assert.equal(proofAgeMs(3, cluster(current(9_000), current(9_500))), 9_000)
  })

  it('without a leader nothing is proved', () => {
    assert.equal(proofAgeMs(3, { name: 'c', replicas: [current(1), current(1)] }), undefined)
    assert.equal(proofAgeMs(3, { ...cluster(current(1), current(1)), leader: '' }), undefined)
    assert.equal(proofAgeMs(3, undefined), undefined)
  })

  it('five copies need two peers, and the second closest counts', () => {
    assert.equal(proofAgeMs(5, cluster(current(50), current(300), lagging(1), lagging(1))), 300)
    assert.equal(proofAgeMs(5, cluster(current(50), lagging(1), lagging(1), lagging(1))), undefined)
  })

  it('a peer that is missing from the list is none that is current', () => {
    assert.equal(proofAgeMs(3, cluster()), undefined)
    assert.equal(proofAgeMs(5, cluster(current(1))), undefined)
  })

  it('copies that the configuration does not count still count for the majority', () => {
    assert.equal(proofAgeMs(1, cluster(current(1), lagging(1), lagging(1), lagging(1))), undefined)
  })

  it('trusts nothing about the answer', () => {
    for (const value of [null, 7, 'x', [], true, { leader: 7 }]) assert.equal(proofAgeMs(1, value), undefined)
    for (const peer of [null, 7, {}, { current: 'yes', active: 1 }, { current: true }, { current: true, active: -1 }]) {
      assert.equal(proofAgeMs(3, { leader: 'n1', replicas: [peer, peer] }), undefined, JSON.stringify(peer))
    }
  })
})
