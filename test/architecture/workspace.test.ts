import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertNone, type Finding } from './finding.ts'
import { alignment, dependencies, type Manifest } from './rules/manifests.ts'
import { strangers } from './rules/top-level.ts'
import { entriesOf, ROOT, source, sourceTree } from './source-tree.ts'

function manifests(): Manifest[] {
  const rooms = ['packages', 'services'].flatMap((floor) => entriesOf(floor).map((name) => `${floor}/${name}`))
  return ['', 'test', ...rooms]
    .filter((folder) => existsSync(join(ROOT, folder, 'package.json')))
    .map((folder) => ({ folder, json: JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) }))
}

function referencesOf(folder: string): string[] {
  const config = JSON.parse(readFileSync(join(ROOT, folder, 'tsconfig.json'), 'utf8'))
  return (config.references ?? []).map(({ path }: { path: string }) => join(folder, path).replaceAll('\\', '/'))
}

test('the top level and the rooms hold what belongs there, and nothing else', () => {
  assertNone('Everything has its place.', strangers(entriesOf))
})

test('all manifests agree on versions, licence, module type and engine', () => {
  const all = manifests()
  assert.ok(all.length >= 9, 'the manifests were found')
  assertNone('The workspace has one version of everything.', alignment(all))
})

test('what a room declares is what it imports, and lies below it', () => {
  assertNone('Manifests and arrows agree.', dependencies(manifests(), sourceTree(), referencesOf))
})

test('the rule finds what has no place', () => {
  const folders: Record<string, string[]> = {
    '': ['packages', 'services', 'test', 'notes.txt', 'docs'],
    packages: ['protocol', 'utils'],
    services: [],
    test: ['run.ts', 'misc'],
    'packages/protocol': ['src', 'lib'],
  }
  const found = strangers((folder) => folders[folder] ?? [])
  assert.deepEqual(
    found.map(({ where }) => where),
    ['notes.txt', 'docs', 'packages/utils', 'test/misc', 'packages/protocol/lib'],
  )
})

const whats = (findings: readonly Finding[]) => findings.map(({ where, what }) => `${where}: ${what}`)
const same = { version: '1.0.0', license: 'MIT', type: 'module', engines: { node: '>=20' } }

test('the rule finds manifests that disagree', () => {
  const root: Manifest = { folder: '', json: { ...same, devDependencies: { tsx: '4.0.0' } } }
  assert.deepEqual(whats(alignment([root, { folder: 'packages/log', json: { ...same, version: '1.1.0' } }])), [
    'packages/log/package.json: version is 1.1.0, at the root 1.0.0',
  ])
  const other: Manifest = {
    folder: 'packages/log',
    json: { ...same, engines: { node: '>=18' }, dependencies: { '@rescind/protocol': '1.0.0', tsx: '^4.0.0' } },
  }
  assert.deepEqual(whats(alignment([root, other])), [
    'packages/log/package.json: engines.node is >=18, at the root >=20',
    'packages/log/package.json: @rescind/protocol is asked for as 1.0.0',
    'packages/log/package.json: tsx is ^4.0.0 here and 4.0.0 in package.json',
  ])
})

test('the rule finds dependencies that are missing, left over, or not below', () => {
  const files = [
    source('packages/log/src/a.ts', `import '@rescind/protocol'\nimport '@nats-io/nats-core/x'\nimport 'node:fs'`),
  ]
  const log = (...names: string[]): Manifest[] => [
    { folder: 'packages/log', json: { dependencies: Object.fromEntries(names.map((name) => [name, 'workspace:*'])) } },
  ]
  const references = () => ['packages/protocol']
  assert.deepEqual(whats(dependencies(log('@rescind/protocol', '@nats-io/nats-core'), files, references)), [])
  assert.deepEqual(whats(dependencies(log('@rescind/protocol', 'left-pad'), files, references)), [
    'packages/log/package.json: @nats-io/nats-core is imported, not declared',
    'packages/log/package.json: left-pad is declared, not imported',
  ])
  const sideways = log('@rescind/protocol', '@nats-io/nats-core', '@rescind/denylist')
  assert.deepEqual(whats(dependencies(sideways, files, references)), [
    'packages/log/package.json: @rescind/denylist is declared, not imported',
    'packages/log/package.json: @rescind/denylist is not below packages/log',
    'packages/log/tsconfig.json: refers to packages/protocol, and depends on packages/denylist, packages/protocol',
  ])
})
