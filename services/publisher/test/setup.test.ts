import assert from 'node:assert/strict'
import { chmodSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newUserNkey, publicNkey } from '@rescind/log/operator'
import { readConfig } from '../src/config.ts'
import { removeLeftovers } from '../src/kept-file.ts'
import { KeyRing, newKey } from '../src/keys.ts'
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

/** What every open file does, to look on. */
async function fileHandles(): Promise<FileHandle> {
  const file = await open(tmpdir(), 'r')
  await file.close()
  return Object.getPrototypeOf(file)
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
    RESCIND_STORE_DIR: '/data/publisher/store',
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
  const runs = await Promise.all([1, 2, 3, 4].map(() => setUp(folder, ROUTES)))
  for (const { mistakes } of runs) assert.deepEqual(mistakes, [])
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
  remove('admin/admin.key')
  const lines = await setUpWell(folder)
  assert.equal(lines.filter((line) => /^absent {2}.*admin\/admin\.key: taken away/.test(line)).length, 1)
  assert.deepEqual(
    files(),
    ALL.filter((name) => name !== 'admin/admin.key'),
  )
  assert.equal(read('publisher/keys.json'), keys)
})

test('any other secret that is gone while its holder is known is a mistake, and nothing is written', async (t) => {
  for (const [name = '', toldIn = '', holder] of [
    ['api/snapshot.key', 'publisher/keys.json', 'api'],
    ['publisher/nats.nk', 'broker/users.conf', 'PUBLISHER_NKEY'],
    ['api/nats.nk', 'broker/users.conf', 'API_NKEY'],
  ]) {
    const { folder, contents, remove } = place(t)
    await setUpWell(folder)
    remove(name, 'broker/routes.conf')
    const before = contents()
    const { mistakes } = await setUp(folder, ROUTES)
    assert.deepEqual(mistakes, [
      `${join(folder, name)}: is gone, and ${toldIn} still knows ${holder}; put it back, or for new ones remove ${toldIn}, and run --setup again`,
    ])
    assert.deepEqual(contents(), before)
    remove(toldIn)
    await setUpWell(folder)
    assert.deepEqual(Object.keys(contents()).sort(), ALL)
  }
})

test('a secret in the place of another one is refused, also before others are told', async (t) => {
  const { folder, read, contents, remove } = place(t)
  await setUpWell(folder)
  const [publisher, api] = [read('publisher/nats.nk'), read('api/nats.nk')]
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content)
  write('publisher/nats.nk', api)
  write('api/nats.nk', publisher)
  write('api/snapshot.key', read('admin/admin.key'))
  const before = contents()
  const { mistakes } = await setUp(folder, ROUTES)
  assert.equal(mistakes.length, 3, mistakes.join('\n'))
  assert.match(mistakes[0] ?? '', /snapshot\.key: is not what publisher\/keys\.json knows api by; remove api\/snapshot/)
  assert.match(
    mistakes[1] ?? '',
    /publisher\/nats\.nk: is not what broker\/users\.conf knows PUBLISHER_NKEY by; remove/,
  )
  assert.match(mistakes[2] ?? '', /api\/nats\.nk: is not what broker\/users\.conf knows API_NKEY by; remove/)
  assert.deepEqual(contents(), before)
  write('api/nats.nk', api)
  remove(...DERIVED)
  const shared = (await setUp(folder, ROUTES)).mistakes
  assert.equal(shared.length, 2, shared.join('\n'))
  assert.match(shared[0] ?? '', /api\/snapshot\.key: holds the secret of admin\/admin\.key; remove/)
  assert.match(shared[1] ?? '', /api\/nats\.nk: holds the secret of publisher\/nats\.nk; remove/)
  assert.deepEqual(Object.keys(contents()).sort(), [...SECRETS].sort())
})

test('holders are found in a file that was edited by hand', async (t) => {
  const { folder, read } = place(t)
  await setUpWell(folder)
  const { publicKey } = newUserNkey()
  const [publisher, api] = ['publisher/nats.nk', 'api/nats.nk'].map((name) => publicNkey(read(name).trim()))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  write(
    'broker/users.conf',
    `# API_NKEY: ${publicKey}\nBILLING_NKEY: ${publicKey}\n API_NKEY = "${api}"\nPUBLISHER_NKEY ${publisher}`,
  )
  const keys = JSON.parse(read('publisher/keys.json')) as object[]
  write('publisher/keys.json', JSON.stringify([newKey('billing', ['snapshot:read']).kept, ...keys.reverse()]))
  await setUpWell(folder)
})

test('what others than its owner may use is refused, each with the line that mends it', async (t) => {
  const { folder, contents, remove } = place(t)
  await setUpWell(folder)
  remove('broker/routes.conf')
  chmodSync(join(folder, 'api'), 0o750)
  chmodSync(join(folder, 'admin/admin.key'), 0o644)
  chmodSync(join(folder, 'broker/users.conf'), 0o620)
  const before = contents()
  const { mistakes } = await setUp(folder, ROUTES)
  assert.deepEqual(
    mistakes,
    [
      ['api', '0750', '0700'],
      ['admin/admin.key', '0644', '0600'],
      ['broker/users.conf', '0620', '0600'],
    ].map(([name = '', is, may]) => {
      const path = join(folder, name)
      return `${path}: its mode is ${is}, and nobody but its owner may use it; chmod ${may} '${path}'`
    }),
  )
  assert.deepEqual(contents(), before)
})

test('second copies that a killed run left are removed, and nothing else', async (t) => {
  const { folder, files, read } = place(t)
  await setUpWell(folder)
  const left = ['admin/admin.key.0123456789ab', 'publisher/keys.json.ba9876543210']
  const others = [
    'admin/admin.key.bak',
    'admin/admin.key.0123456789abc',
    'api/admin.key.0123456789ab',
    'ours.0123456789ab',
  ]
  linkSync(join(folder, 'admin/admin.key'), join(folder, left[0] ?? ''))
  for (const name of [...others, left[1] ?? '']) writeFileSync(join(folder, name), 'x')
  const key = read('admin/admin.key')
  const lines = await setUpWell(folder)
  assert.deepEqual(files(), [...ALL, ...others].sort())
  assert.equal(read('admin/admin.key'), key)
  assert.deepEqual(
    lines.filter((line) => line.startsWith('removed')),
    left.map((name) => `removed ${join(folder, name)}: a second copy, left by a run that was cut short`),
  )
})

test('what a run is writing while another one starts is not lost', async (t) => {
  const { folder, files } = place(t)
  const path = join(folder, 'admin/admin.key')
  const prototype = await fileHandles()
  const { sync } = prototype
  const taken: string[] = []
  t.mock.method(prototype, 'sync', async function (this: FileHandle) {
    if (taken.length < 2) taken.push(...(await removeLeftovers(path)))
    return sync.call(this)
  })
  await setUpWell(folder)
  assert.equal(taken.length, 2)
  assert.deepEqual(files(), ALL)
})

test('a name is on disk before the next file is written', async (t) => {
  const { folder, files } = place(t)
  const synced: string[] = []
  const prototype = await fileHandles()
  const { sync } = prototype
  t.mock.method(prototype, 'sync', async function (this: FileHandle) {
    const { ino } = await this.stat()
    const names = files().filter((name) => ALL.includes(name) && !synced.includes(name))
    synced.push(...names.filter((name) => statSync(join(folder, name, '..')).ino === ino))
    return sync.call(this)
  })
  const { lines } = await setUp(folder, ROUTES)
  assert.deepEqual(
    synced.map((name) => join(folder, name)),
    lines.map((line) => /^wrote {3}(.*?): /.exec(line)?.[1]),
  )
})

test('secrets that contradict what others know are named, all at once, and nothing is written', async (t) => {
  const { folder, files, read, remove } = place(t)
  await setUpWell(folder)
  const seed = read('publisher/nats.nk')
  writeFileSync(join(folder, 'publisher/nats.nk'), 'no seed')
  writeFileSync(join(folder, 'api/snapshot.key'), 'rsk_of_somebody_else')
  writeFileSync(join(folder, 'admin/admin.key'), newKey('', []).key)
  remove('broker/routes.conf')
  const { mistakes } = await setUp(folder, ROUTES)
  assert.equal(mistakes.length, 3, mistakes.join('\n'))
  assert.match(
    mistakes[0] ?? '',
    /admin\.key: is not what publisher\/keys\.json knows admin by; remove admin\/admin\.key and /,
  )
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
