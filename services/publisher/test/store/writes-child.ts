import { systemClock } from '@rescind/protocol'
import { pino } from 'pino'
import { openStore } from '../../src/store/open-store.ts'
import { frame, group, revocation } from './harness.ts'

/**
 * A process that writes until it is stopped, and says on standard output which writes are on disk: `kept N` after a group
 * with an fsync. Each other change moves the group into the log, without one.
 */
const [dir = '', start = '1'] = process.argv.slice(2)
const logger = pino({ level: 'silent' })
const store = await openStore({ dir, clock: systemClock, logger, retainMs: 0, auditKeptMs: 0 })
process.stdout.write('open\n')
for (let order = Number(start); ; order += 1) {
  const facts = Array.from({ length: 1 + (order % 40) }, (_, at) =>
    revocation(`${order}-${at}`, { note: 'n'.repeat(500) }),
  )
  await store.write({ keep: [group(order, facts)] }, { sync: true })
  process.stdout.write(`kept ${order}\n`)
  if (order % 3 === 0) continue
  await store.write({ frame: frame('e', order, facts), done: [order] }, { sync: false })
}
