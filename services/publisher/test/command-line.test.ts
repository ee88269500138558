import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCommandLine } from '../src/command-line.ts'

test('what the process is asked to do', () => {
  assert.deepEqual(readCommandLine([]), { kind: 'run' })
  assert.deepEqual(readCommandLine(['-h']), { kind: 'help' })
  assert.deepEqual(readCommandLine(['--print-config']), { kind: 'print-config' })
  assert.deepEqual(
    readCommandLine(['--new-key', 'ann', '--scope', 'revocations:write', '--scope', 'snapshot:read,revocations:write']),
    { kind: 'new-key', name: 'ann', scopes: ['revocations:write', 'snapshot:read'] },
  )
  assert.deepEqual(readCommandLine(['--new-nkey']), { kind: 'new-nkey' })
  const routes = ['nats-1:6222', 'nats-2:6222', 'nats-3:6222']
  assert.deepEqual(readCommandLine(['--setup', '/s']), { kind: 'setup', folder: '/s', routes })
  assert.deepEqual(readCommandLine(['--setup', '/s', '--route', 'n-0.nats:6222', '--route', '[::1]:6222']), {
    kind: 'setup',
    folder: '/s',
    routes: ['n-0.nats:6222', '[::1]:6222'],
  })
})

test('mistaken arguments are named, all at once', () => {
  const mistakes = (...args: string[]) => {
    const command = readCommandLine(args)
    return command.kind === 'mistaken' ? command.mistakes.join('\n') : command.kind
  }
  assert.match(mistakes('--frobnicate'), /frobnicate/)
  assert.match(mistakes('serve'), /serve/)
  assert.match(mistakes('--new-key', 'ann'), /^--scope: say what the key may do/)
  assert.match(mistakes('--new-key', '', '--scope', 'all'), /^--new-key: wants a name.*\n--scope: all is none of/)
  assert.match(mistakes('--new-key', 'jwt:ann', '--scope', 'snapshot:read'), /must not begin with jwt:/)
  assert.match(mistakes('--scope', 'snapshot:read'), /belongs to --new-key/)
  assert.match(
    mistakes('--setup', '', '--route', 'a', '--route', '"x"]:1'),
    /^--setup: wants.*\n--route: a is.*\n--route: "x/,
  )
  assert.match(mistakes('--route', 'a:1', '--scope', 'x'), /^--scope: belongs.*\n--route: belongs to --setup/)
  assert.match(mistakes('--setup', 'd', '--new-key', 'n'), /^--new-key, --setup: are several things/)
})
