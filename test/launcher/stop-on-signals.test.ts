import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { stopOnSignals } from './stop-on-signals.ts'

test('one keypress counts once, however often it comes; one that comes later ends at once', () => {
  const source = new EventEmitter()
  let nowMs = 1_000
  let ended = 0
  const stop = stopOnSignals({ source, nowMs: () => nowMs, endAtOnce: () => ended++ })
  assert.equal(stop.aborted, false)
  source.emit('SIGINT')
  assert.match(String(stop.reason), /stopped by SIGINT/)
  nowMs += 10
  source.emit('SIGINT')
  source.emit('SIGTERM')
  nowMs += 490
  source.emit('SIGINT')
  assert.equal(ended, 0)
  nowMs += 1
  source.emit('SIGINT')
  assert.equal(ended, 1)
})
