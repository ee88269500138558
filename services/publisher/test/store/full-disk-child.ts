import { isRescindError, systemClock } from '@rescind/protocol'
import { pino } from 'pino'
import { openStore } from '../../src/store/open-store.ts'
import { group, revocation } from './harness.ts'

/** Writes larger and larger groups until a file may not grow any more, then a small one; tells what was acknowledged. */
// Node leaves the signal's default in place, which ends the process; ignored, the write fails with EFBIG.
process.on('SIGXFSZ', () => {})
const [dir = ''] = process.argv.slice(2)
const logger = pino({ level: 'silent' })
const store = await openStore({ dir, clock: systemClock, logger, retainMs: 0, auditKeptMs: 0 })
const acknowledged: number[] = []
const refused: [number, string][] = []
for (let order = 1; order <= 40 && refused.length < 3; order += 1) {
  // What cannot be compressed: a table that is written from it must not fit where the log did.
  const facts = Array.from({ length: order * 2 }, (_, at) => revocation(`${order}-${at}`, { note: 'n'.repeat(400) }))
  try {
    await store.write({ keep: [group(order, facts)] }, { sync: true })
    acknowledged.push(order)
  } catch (error) {
    refused.push([order, isRescindError(error) ? error.code : String(error)])
  }
}
await store.close()
process.stdout.write(JSON.stringify({ acknowledged, refused }))
