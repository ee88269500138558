import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findOldVersion } from './old-version.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A repository of its own, with a commit for each file. */
function repository() {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-history-'))
  folders.push(folder)
  const settings = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const names = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' }
  const env = { ...process.env, ...settings, ...names }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, env, encoding: 'utf8' }).trim()
  git('init', '-q')
  return {
    folder,
    git,
    commit(path: string, text = ''): string {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), text)
      git('add', '.')
      git('commit', '-q', '-m', path)
      return git('rev-parse', 'HEAD')
    },
  }
}

test('the newest tag of a version is the old one, by number and not by date or spelling', async () => {
  const { folder, git, commit } = repository()
  commit('test/launcher/main.ts')
  const ten = commit('b')
  git('tag', 'v0.10.0')
  commit('c')
  git('tag', 'v0.9.1')
  git('tag', 'later')
  commit('d')
  assert.deepEqual(await findOldVersion(folder, undefined), { commit: ten, label: 'v0.10.0' })
})

test('a tag of this very commit is not older than it', async () => {
  const { folder, git, commit } = repository()
  const one = commit('test/launcher/main.ts')
  git('tag', 'v1.0.0')
  commit('b')
  git('tag', '-a', 'v1.1.0', '-m', 'annotated')
  assert.deepEqual(await findOldVersion(folder, undefined), { commit: one, label: 'v1.0.0' })
})

const SPEC = 'packages/protocol/SPEC.md'
const specOf = (format: string, prose = '') => `## 7. Wire formats\n${prose}\n| ${format} |\n## 8. Next\n`

test('without a tag it is the first commit that can be started whole', async () => {
  const { folder, commit } = repository()
  commit(SPEC, specOf('one'))
  const first = commit('test/launcher/main.ts')
  commit('b')
  assert.deepEqual(await findOldVersion(folder, undefined), {
    commit: first,
    label: `first that starts (${first.slice(0, 7)})`,
  })
})

test('without a tag, formats that changed count from the last change on', async () => {
  const { folder, commit } = repository()
  commit(SPEC, specOf('two'))
  commit('test/launcher/main.ts')
  commit(SPEC, specOf('one'))
  const changed = commit(SPEC, specOf('two'))
  commit('b')
  commit(SPEC, specOf('two', 'said better'))
  assert.deepEqual(await findOldVersion(folder, undefined), {
    commit: changed,
    label: `first with today's formats (${changed.slice(0, 7)})`,
  })
  writeFileSync(join(folder, SPEC), specOf('three'))
  await assert.rejects(findOldVersion(folder, undefined), /no older version here that claims to read/)
})

test('whatever git resolves may be named, and a name that it does not know is refused', async () => {
  const { folder, commit } = repository()
  const one = commit('a')
  commit('b')
  assert.equal((await findOldVersion(folder, 'HEAD~1')).commit, one)
  await assert.rejects(findOldVersion(folder, 'nothing'), /git ended with 128/)
})

test('where nothing is older it says what to do', async () => {
  const { folder, commit } = repository()
  writeFileSync(join(folder, 'a'), '')
  await assert.rejects(findOldVersion(folder, undefined), /git ended with 128/)
  commit('a')
  await assert.rejects(findOldVersion(folder, undefined), /there is no older version here .*: fetch tags and history/)
  mkdirSync(join(folder, 'packages/protocol'), { recursive: true })
  writeFileSync(join(folder, SPEC), specOf('one'))
  commit('test/launcher/main.ts')
  await assert.rejects(findOldVersion(folder, undefined), /there is no older version here .*: fetch tags and history/)
})
