import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertNone } from './finding.ts'
import { composeFaults, dockerfileFaults } from './rules/containers.ts'
import { ROOT } from './source-tree.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

test('docker-compose.yml holds no secret, gates, and hardens every service', () => {
  assertNone('Containers get what they need.', composeFaults('docker-compose.yml', read('docker-compose.yml')))
})

test('the Dockerfile is read by both builders, and no image runs as root', () => {
  assertNone(
    'Images are built by whoever has docker.',
    dockerfileFaults('services/Dockerfile', read('services/Dockerfile')),
  )
})

test('the images bear the version of the repository', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  assert.match(read('services/Dockerfile'), RegExp(`org\\.opencontainers\\.image\\.version="${version}"`))
})

const FINE = `
services:
  api:
    image: x:1
    build: .
    read_only: true
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    restart: unless-stopped
    healthcheck: { test: [CMD, x] }
    ports: ['127.0.0.1::8081']
    volumes: ['api-secrets:/secrets/api:ro']
    environment: { RESCIND_SNAPSHOT_TOKEN_FILE: /secrets/api/snapshot.key }
`
const whats = (text: string) => composeFaults('a.yml', text).map(({ what }) => what)

test('the rule finds what is wrong with a compose file', () => {
  assert.deepEqual(whats(FINE), [])
  const wrong: [string, string, RegExp][] = [
    ['read_only: true', 'init: true', /root file system/],
    ['[ALL]', '[NET_RAW]', /capabilities/],
    ['no-new-privileges:true', 'seccomp:unconfined', /gain privileges/],
    ['build: .', 'tty: true', /as whom its image says/],
    ['{ test: [CMD, x] }', '{ disable: true }', /no healthcheck/],
    ['build: .', 'build: .\n    depends_on: [publisher]', /does not wait/],
    ['x:1', 'x:latest', /pinned/],
    ['127.0.0.1::8081', '8081', /to everyone/],
    ['127.0.0.1::8081', '127.0.0.1:8081:8081', /cannot scale/],
    ['api-secrets:/secrets/api:ro', 'publisher-secrets:/s:ro', /mounts publisher-secrets/],
    [':ro', '', /can write to api-secrets/],
    ['/secrets/api/snapshot.key', 'rsk_4f0b', /looks like a secret/],
    ['RESCIND_SNAPSHOT_TOKEN_FILE', 'RESCIND_SNAPSHOT_TOKEN', /looks like a secret/],
    ['test: [CMD, x]', 'test: [CMD, x], start_interval: 1s', /start_interval is not read/],
    ['services:', 'include: [b.yml]\nservices:', /include is not read/],
    ['[ALL]', '[ALL', /Flow sequence/],
  ]
  for (const [now, then, what] of wrong) assert.match(whats(FINE.replace(now, then)).join('\n'), what, then)
})

test('the rule finds what is wrong with a Dockerfile', () => {
  const lines = (text: string) => dockerfileFaults('D', text).map(({ where }) => Number(where.split(':')[1]))
  const fine = 'FROM a AS build\nRUN make\nFROM a AS base\nFROM base AS one\nCOPY --from=build /x /x\nUSER node\n'
  assert.deepEqual(lines(fine), [])
  assert.deepEqual(lines(fine.replace('USER node', 'USER root')), [4])
  assert.deepEqual(lines(`${fine}FROM base AS two\n`), [7])
  assert.deepEqual(lines(fine.replace('RUN', 'RUN --mount=type=cache,target=/c')), [2])
  assert.deepEqual(lines(`${fine}ADD x /x\n`), [7])
})
