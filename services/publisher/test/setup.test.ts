import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { publicNkey } from '@rescind/log/operator'
import { readConfig } from '../src/config.ts'
import { KeyRing } from '../src/keys.ts'
import { setUp } from '../src/setup.ts'

const ROUTES = ['nats-1:6222', 'nats-2:6222']
const SECRETS = ['admin/admin.key', 'api/nats.nk', 'api/snapshot.key', 'publisher/nats.nk']
const DERIVED = ['broker/routes.conf', 'broker/users.conf', 'publisher/keys.json']
const ALL = [...SECRETS, ...DERIVED].sort()

/** A folder that does not exist yet, and everything that stands in it. */
function place(t: { after(step: () => void): void }) {
  const above = mkdtempSync(join(tmpdir(), 'rescind-setup-'))
  t.after(() => rmSync(above, { recursive: true }))
  const folder = join(above, 'secrets')
  const files = () =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const contents = () => Object.fromEntries(files().map((name) => [name, read(name)]))
  const remove = (...names: string[]) => {
    for (const name of names) rmSync(join(folder, name))
  }
  return { folder, files, read, contents, remove }
}

async function setUpWell(folder: string): Promise<readonly string[]> {
  const { lines, mistakes } = await setUp(folder, ROUTES)
  assert.deepEqual(mistakes, [])
  return lines
}

test('a first deployment has every secret, which its owner alone may read, and no line repeats one', async (t) => {
  const { folder, files, contents } = place(t)
  const lines = await setUpWell(folder)
  assert.deepEqual(files(), ALL)
  for (const name of ALL) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  for (const name of ['', 'admin', 'api', 'broker', 'publisher']) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o700, name)
  }
  assert.deepEqual(
    lines.map((line) => /^wrote {3}(.*?): /.exec(line)?.[1]).sort(),
    ALL.map((name) => join(folder, name)),
  )
  for (const name of SECRETS) assert.ok(!lines.join().includes(contents()[name]?.trim() ?? assert.fail()), name)
})

test('what it wrote fits together: the publisher takes the keys, the broker is told the public ones', async (t) => {
  const { folder, read } = place(t)
  await setUpWell(folder)
  const config = readConfig({
    RESCIND_ISSUER: 'https://id.example',
    RESCIND_MAX_EXPIRY: '1h',
    RESCIND_HOST: '0.0.0.0',
    RESCIND_KEYS_FILE: join(folder, 'publisher/keys.json'),
    NATS_NKEY_FILE: join(folder, 'publisher/nats.nk'),
  })
  assert.ok(config.ok, JSON.stringify(config))
  const ring = new KeyRing(config.config.publisher.keys)
  assert.deepEqual(
    [...(ring.find(read('admin/admin.key').trim())?.scopes ?? [])],
    ['revocations:write', 'revocations:read'],
  )
  assert.deepEqual([...(ring.find(read('api/snapshot.key').trim())?.scopes ?? [])], ['snapshot:read'])
  const [publisher, api] = ['publisher/nats.nk', 'api/nats.nk'].map((name) => publicNkey(read(name).trim()))
  assert.equal(read('broker/users.conf'), `PUBLISHER_NKEY: ${publisher}\nAPI_NKEY: ${api}\n`)
  const [, password] = /ROUTE_PASSWORD: "([0-9a-f]{48})"/.exec(read('broker/routes.conf')) ?? []
  for (const route of ROUTES)
    assert.ok(read('broker/routes.conf').includes(`"nats-route://route:${password}@${route}"`))
})

test('run again it keeps everything and says so; two deployments share nothing', async (t) => {
  const [one, other] = [place(t), place(t)]
  await setUpWell(one.folder)
  await setUpWell(other.folder)
  const before = one.contents()
  for (const line of await setUpWell(one.folder)) assert.match(line, /^kept {4}/)
  assert.deepEqual(one.contents(), before)
  for (const name of ALL) assert.notEqual(before[name], other.contents()[name], name)
})

test('several at once agree', async (t) => {
  const { folder, contents } = place(t)
  await Promise.all([1, 2, 3, 4].map(() => setUp(folder, ROUTES)))
  const after = contents()
  assert.deepEqual(Object.keys(after).sort(), ALL)
  await setUpWell(folder)
  assert.deepEqual(contents(), after)
})

test('a run that was cut short anywhere is completed from what it left', async (t) => {
  for (let left = 0; left <= SECRETS.length; left += 1) {
    const { folder, contents, remove } = place(t)
    await setUpWell(folder)
    const before = contents()
    remove(...DERIVED, ...SECRETS.slice(left))
    await setUpWell(folder)
    assert.deepEqual(Object.keys(contents()).sort(), ALL)
    for (const name of SECRETS.slice(0, left)) assert.equal(contents()[name], before[name], name)
    await setUpWell(folder)
  }
})

test('a key that its holder took away is not made anew', async (t) => {
  const { folder, files, read, remove } = place(t)
  await setUpWell(folder)
  const keys = read('publisher/keys.json')
  remove('admin/admin.key', 'api/nats.nk')
  const lines = await setUpWell(folder)
  assert.equal(lines.filter((line) => /^absent {2}.*(admin\.key|api\/nats\.nk): taken away/.test(line)).length, 2)
  assert.ok(!files().includes('admin/admin.key'))
  assert.equal(read('publisher/keys.json'), keys)
})

test('secrets that contradict what others know are named, all at once, and nothing is written', async (t) => {
  const { folder, files, read, remove } = place(t)
  await setUpWell(folder)
  const seed = read('publisher/nats.nk')
  writeFileSync(join(folder, 'publisher/nats.nk'), 'no seed')
  writeFileSync(join(folder, 'api/snapshot.key'), '')
  writeFileSync(join(folder, 'admin/admin.key'), 'rsk_of_somebody_else')
  remove('broker/routes.conf')
  const { mistakes } = await setUp(folder, ROUTES)
  assert.equal(mistakes.length, 3, mistakes.join('\n'))
  assert.match(mistakes[0] ?? '', /admin\.key: is not known to publisher\/keys\.json; remove admin\/admin\.key and /)
  assert.match(
    mistakes[1] ?? '',
    /snapshot\.key: holds no such secret; remove api\/snapshot\.key and publisher\/keys\.json/,
  )
  assert.match(mistakes[2] ?? '', /nats\.nk: holds no such secret; remove publisher\/nats\.nk and broker\/users\.conf/)
  assert.ok(!files().includes('broker/routes.conf'))
  remove('admin/admin.key', 'api/snapshot.key', 'publisher/keys.json', 'publisher/nats.nk', 'broker/users.conf')
  await setUpWell(folder)
  assert.deepEqual(files(), ALL)
  assert.notEqual(read('publisher/nats.nk'), seed)
})

test('a folder that cannot be written to is named', async (t) => {
  const { folder } = place(t)
  writeFileSync(folder, 'a file')
  chmodSync(folder, 0o600)
  await assert.rejects(setUp(folder, ROUTES), (error: Error) => error.message.includes(folder))
})
