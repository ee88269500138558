import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MemoryLog, memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { BrokerClock } from '../src/broker-clock.ts'
import { LogKeeper } from '../src/log-keeper.ts'
import { until } from './until.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

async function keeperOf(log: MemoryLog, name: string): Promise<LogKeeper> {
  const brokerClock = new BrokerClock(systemClock)
  const keeper = new LogKeeper({ log, name, brokerClock, clock: systemClock, logger: SILENT, onPresence() {} })
  keeper.start()
  await untilReady(keeper)
  return keeper
}

function untilReady(keeper: LogKeeper): Promise<unknown> {
  return until('the log is ready', async () => {
    keeper.tick(true)
    return keeper.refusal() === undefined
  })
}

test('R11: a log that was found rolled back takes nothing under its old epoch, and gets one new epoch from two publishers', async () => {
  const log = memoryLog()
  const [first, second] = [await keeperOf(log, 'first'), await keeperOf(log, 'second')]
  try {
    const old = first.head?.epoch ?? ''
    first.replaced(old)
    second.replaced(old)
    for (const keeper of [first, second]) assert.match(keeper.refusal()?.detail ?? '', /was rolled back/)
    await untilReady(first)
    assert.notEqual(first.head?.epoch, old)
    await untilReady(second)
    assert.equal(second.head?.epoch, first.head?.epoch)
  } finally {
    await Promise.all([first.close(), second.close()])
  }
})
