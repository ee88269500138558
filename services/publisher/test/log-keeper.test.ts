import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogEvent, type MemoryLog, memoryLog, type PublisherLog } from '@rescind/log'
import { manualClock, systemClock } from '@rescind/protocol'
import { BrokerClock } from '../src/broker-clock.ts'
import { LogKeeper } from '../src/log-keeper.ts'
import { intercept } from './harness.ts'
import { until } from './until.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }
const DAY_MS = 86_400_000
const QUIET = { logger: SILENT, maxAgeMs: () => DAY_MS, onPresence() {}, onDisconnected() {} }

async function keeperOf(log: MemoryLog, name: string): Promise<LogKeeper> {
  const brokerClock = new BrokerClock(systemClock)
  const keeper = new LogKeeper({ log, name, brokerClock, clock: systemClock, ...QUIET })
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

test('presence counts as heard from the last time that the connection came up, and not while it is down', async () => {
  const clock = manualClock()
  let tell: (event: LogEvent) => void = () => {}
  const memory = memoryLog({ clock })
  const log: PublisherLog = {
    connect(options) {
      tell = options.onEvent
      return memory.connect(options)
    },
  }
  const brokerClock = new BrokerClock(clock)
  let cut = 0
  const onDisconnected = () => void cut++
  const keeper = new LogKeeper({ log, name: 'keeper', brokerClock, clock, ...QUIET, onDisconnected })
  try {
    assert.equal(keeper.listenedMs, 0)
    keeper.start()
    await until('the log is established', async () => keeper.head !== undefined)
    clock.advance(5_000)
    assert.equal(keeper.listenedMs, 5_000)
    tell({ kind: 'disconnected' })
    assert.equal(cut, 1, 'whoever waits is told at once')
    clock.advance(5_000)
    assert.equal(keeper.listenedMs, 0)
    tell({ kind: 'reconnected' })
    clock.advance(1_000)
    assert.equal(keeper.listenedMs, 1_000)
  } finally {
    await keeper.close()
  }
})

test('R12: the stream keeps frames as long as is wanted: from the first on, and again once that is more or was shortened', async () => {
  const log = memoryLog()
  const brokerClock = new BrokerClock(systemClock)
  let wantedMs = DAY_MS
  const parts = { log, name: 'keeper', brokerClock, clock: systemClock, ...QUIET, maxAgeMs: () => wantedMs }
  const keeper = new LogKeeper(parts)
  const byHand = await log.connect({ name: 'by-hand', onEvent() {} })
  const isKept = (ms: number) =>
    until(`frames are kept for ${ms} ms`, async () => {
      keeper.tick(true)
      return keeper.head?.maxAgeMs === ms
    })
  try {
    keeper.start()
    await isKept(DAY_MS)
    wantedMs = 2 * DAY_MS
    assert.equal(keeper.wantedAgeMs, wantedMs)
    await isKept(2 * DAY_MS)
    await byHand.limitAge(1_000)
    await isKept(2 * DAY_MS)
    await byHand.limitAge(0)
    await isKept(0)
    await keeper.limitAge()
    await isKept(2 * DAY_MS)
  } finally {
    await Promise.all([keeper.close(), byHand.close()])
  }
})

test('R11: an epoch that had to go, and that another publisher brought back, goes again', async () => {
  const memory = memoryLog()
  let broughtBack: string | undefined
  let renewals = 0
  const log = intercept(memory, (connection) => ({
    async establish(options) {
      const head = await connection.establish(options)
      return broughtBack === undefined ? head : { ...head, epoch: broughtBack }
    },
    renewEpoch(options) {
      renewals += 1
      broughtBack = undefined
      return connection.renewEpoch(options)
    },
  }))
  const brokerClock = new BrokerClock(systemClock)
  const keeper = new LogKeeper({ log, name: 'keeper', brokerClock, clock: systemClock, ...QUIET })
  keeper.start()
  try {
    await untilReady(keeper)
    const old = keeper.head?.epoch ?? ''
    keeper.replaced(old)
    await untilReady(keeper)
    assert.equal(renewals, 1)
    broughtBack = old
    await until('it is noticed', async () => {
      keeper.tick(true)
      return renewals === 2 && keeper.refusal() === undefined
    })
    assert.notEqual(keeper.head?.epoch, old)
  } finally {
    await keeper.close()
  }
})
