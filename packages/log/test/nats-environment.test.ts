import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Environment, natsOptionsFrom, readNatsEnvironment } from '@rescind/log'
import { newUserNkey } from '../src/nats-nkey.ts'

const folder = mkdtempSync(join(tmpdir(), 'rescind-environment-'))
after(() => rmSync(folder, { recursive: true }))

function fileOf(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function mistakesOf(env: Environment): readonly string[] {
  const read = readNatsEnvironment(env)
  assert.ok(!read.ok, 'must be refused')
  return read.mistakes
}

const SERVER = { servers: ['nats://127.0.0.1:4222'] }

describe('the environment of a service says', () => {
  it('nothing: the log of this machine', () => {
    assert.deepEqual(natsOptionsFrom({ PATH: '/usr/bin', NATS_TOKEN: '', RESCIND_ISSUER: 'x' }), SERVER)
  })

  it('where, as whom, over TLS, which stream, on which subjects', () => {
    const ca = fileOf('ca.pem', 'a')
    assert.deepEqual(
      natsOptionsFrom({
        NATS_URL: 'nats://a:4222, nats://b:4222',
        NATS_USER: 'ann',
        NATS_PASSWORD: 'secret',
        NATS_TLS_CA_FILE: ca,
        NATS_TLS_CERT_FILE: ca,
        NATS_TLS_KEY_FILE: ca,
        NATS_INBOX_PREFIX: '_INBOX.ann',
        RESCIND_STREAM: 'R2',
        RESCIND_SUBJECT_PREFIX: 'eu.r2',
      }),
      {
        servers: ['nats://a:4222', 'nats://b:4222'],
        user: 'ann',
        password: 'secret',
        tls: { caFile: ca, certFile: ca, keyFile: ca },
        inboxPrefix: '_INBOX.ann',
        stream: 'R2',
        subjects: {
          log: 'eu.r2.log',
          live: 'eu.r2.live',
          presence: 'eu.r2.presence',
          barrier: 'eu.r2.barrier',
          clock: 'eu.r2.clock',
        },
      },
    )
  })

  it('that TLS is demanded, with the authorities that the system trusts', () => {
    assert.deepEqual(natsOptionsFrom({ NATS_TLS: 'true' }), { ...SERVER, tls: {} })
    assert.deepEqual(natsOptionsFrom({ NATS_TLS: 'false' }), SERVER)
  })

  it('that another account exports the log to ours', () => {
    const { subjects } = natsOptionsFrom({ RESCIND_IMPORTED: 'true', RESCIND_SUBJECT_PREFIX: 'eu' })
    assert.equal(subjects?.info, 'eu.read.info')
    assert.equal(subjects?.frame, 'eu.read.frame')
    assert.equal(subjects?.create, 'eu.write.create')
    assert.equal(subjects?.update, 'eu.write.update')
    assert.equal(subjects?.live, 'eu.live')
    assert.equal(natsOptionsFrom({ RESCIND_IMPORTED: 'true' }).subjects?.info, 'rescind.read.info')
  })

  it('every kind of secret, also from a file', () => {
    const { seed } = newUserNkey()
    const creds = '-----BEGIN NATS USER JWT-----\n-----BEGIN USER NKEY SEED-----'
    const secrets = { NATS_TOKEN: ['token', 't'], NATS_NKEY: ['nkeySeed', seed], NATS_CREDS: ['creds', creds] }
    for (const [variable, [option = '', content = '']] of Object.entries(secrets)) {
      assert.deepEqual(natsOptionsFrom({ [variable]: content }), { ...SERVER, [option]: content })
      const path = fileOf(variable, `${content}\n`)
      assert.deepEqual(natsOptionsFrom({ [`${variable}_FILE`]: path }), { ...SERVER, [option]: content })
      assert.match(mistakesOf({ [variable]: content, [`${variable}_FILE`]: path }).join(), /give this or .*, not both/)
    }
    const path = fileOf('password', 'hunter2\n')
    assert.equal(natsOptionsFrom({ NATS_USER: 'ann', NATS_PASSWORD_FILE: path }).password, 'hunter2')
  })

  it('and is refused with all its mistakes at once, none of them with a secret', () => {
    const found = mistakesOf({
      NATS_URL: 'nats://a,,',
      NATS_NKEY: 'SUNOSEED',
      NATS_PASSWORD: 'hunter2',
      NATS_TLS: 'yes',
      NATS_TLS_CERT_FILE: join(folder, 'absent'),
      NATS_INBOX_PREFIX: '_INBOX.>',
      NATS_CREDS_FILE: join(folder, 'absent too'),
      RESCIND_STREAM: 'a.b',
      RESCIND_SUBJECT_PREFIX: 'a.*',
      RESCIND_IMPORTED: '1',
    })
    assert.deepEqual([...found].sort(), [
      `NATS_CREDS_FILE: ${join(folder, 'absent too')} cannot be read: ENOENT`,
      'NATS_INBOX_PREFIX: must hold no spaces, wildcards or empty parts',
      'NATS_NKEY: must be the seed of a user (SU…)',
      'NATS_TLS: must be true or false',
      `NATS_TLS_CERT_FILE: ${join(folder, 'absent')} cannot be read: ENOENT`,
      'NATS_TLS_KEY_FILE: is required beside NATS_TLS_CERT_FILE',
      'NATS_URL: must be a list of servers with commas, without empty items',
      'NATS_USER: is required beside NATS_PASSWORD',
      'RESCIND_IMPORTED: must be true or false',
      'RESCIND_STREAM: must be 1 to 64 of A-Z a-z 0-9 _ -',
      'RESCIND_SUBJECT_PREFIX: must be names of A-Z a-z 0-9 _ - with dots',
    ])
    assert.deepEqual(mistakesOf({ NATS_TOKEN: 't', NATS_CREDS: 'c' }), [
      'NATS_TOKEN, NATS_CREDS: are several ways to authenticate; give one',
    ])
    assert.deepEqual(mistakesOf({ NATS_CREDS: 'c' }), ['NATS_CREDS: must be the content of a .creds file'])
    const ca = fileOf('ca.pem', 'a')
    assert.deepEqual(mistakesOf({ NATS_TLS: 'false', NATS_TLS_CA_FILE: ca }), [
      'NATS_TLS: is false, and NATS_TLS_CA_FILE given',
    ])
  })

  it('that a file of a secret is empty, which is no secret', () => {
    for (const content of ['', ' \n']) {
      const path = fileOf('empty', content)
      const wrong = (name: string) => [
        `${name}_FILE: ${path} is empty; put the content there, or take the variable away`,
      ]
      assert.deepEqual(mistakesOf({ NATS_TOKEN_FILE: path }), wrong('NATS_TOKEN'))
      assert.deepEqual(mistakesOf({ NATS_USER: 'ann', NATS_PASSWORD_FILE: path }), wrong('NATS_PASSWORD'))
    }
  })

  it('its mistakes as an error, for a service that reads nothing else', () => {
    const expected = {
      code: 'ERR_INVALID_OPTION',
      mistakes: [
        { pointer: '/NATS_USER', code: 'invalid_option', detail: 'is required beside NATS_PASSWORD' },
        { pointer: '/NATS_TLS', code: 'invalid_option', detail: 'must be true or false' },
      ],
    }
    assert.throws(() => natsOptionsFrom({ NATS_PASSWORD: 'p', NATS_TLS: '1' }), expected)
  })
})
