import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { natsLog } from '@rescind/log'
import { newUserNkey, publicNkey } from '@rescind/log/operator'

describe('an nkey of a user', () => {
  it('is random, and its seed says which public key it belongs to', () => {
    const [one, other] = [newUserNkey(), newUserNkey()]
    assert.match(one.seed, /^SU[A-Z2-7]{56}$/)
    assert.match(one.publicKey, /^U[A-Z2-7]{55}$/)
    assert.notEqual(one.seed, other.seed)
    assert.equal(publicNkey(one.seed), one.publicKey)
  })

  it('is refused if it is no seed, is altered, or belongs to an account, without repeating it', () => {
    const { seed, publicKey } = newUserNkey()
    // Not the last character: two of its bits are padding, and an altered one may mean the same.
    const altered = seed.slice(0, 20) + (seed[20] === 'A' ? 'B' : 'A') + seed.slice(21)
    const account = 'SAANRM6JVDEYZTR6DXCWUSDDJHGOHAFITXEQBSEZSY5JENTDVRZ6WNKTTY'
    for (const text of ['', 'x', publicKey, altered, account]) {
      assert.throws(
        () => publicNkey(text),
        (error: Error) => /ERR_INVALID_OPTION.*begins with SU/.test(error.message) && !error.message.includes('SUA'),
      )
      if (text !== '') assert.throws(() => natsLog({ servers: 'a', nkeySeed: text }), /nkeySeed is the seed of a user/)
    }
  })
})
