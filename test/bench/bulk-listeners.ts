/**
 * A process of `pnpm bench --only G15`: `NATS_URL FIRST COUNT` replicas, and as many bare subscribers, which say on a subject of
 * their own how many bytes have come.
 */
import { natsLog } from '@rescind/log'
import { openReplica } from '@rescind/subscriber'
import { BareNats } from './bare-nats.ts'
import { ACK_SUBJECT, RAW_SUBJECT, REPORT_EVERY_BYTES } from './bulk-floor.ts'
import { serve } from './worker.ts'

const [servers = '', first = '0', count = '0'] = process.argv.slice(2)
const indexes = Array.from({ length: Number(count) }, (_, index) => Number(first) + index)

const port = Number(new URL(servers).port)
const bare = indexes.map((index) => {
  let bytes = 0
  let told = 0
  const one: BareNats = new BareNats(port, [RAW_SUBJECT], (_subject, body) => {
    bytes += body.length
    // The last message is shorter than the others.
    if (bytes - told < REPORT_EVERY_BYTES && body.length === 64 * 1024) return
    told = bytes
    void one.publish(ACK_SUBJECT, Buffer.from(`${index} ${bytes}`))
  })
  return one
})
const replicas = await Promise.all(
  indexes.map((index) =>
    openReplica({ log: natsLog({ servers }), bootstrap: 'log', whenUnknown: 'reject', name: `api-${index}` }),
  ),
)
await Promise.all(bare.map((one) => one.flush()))

serve<'entries'>(
  () => replicas.map(({ status }) => status.entries),
  async () => {
    for (const one of bare) one.close()
    await Promise.all(replicas.map((replica) => replica.close()))
  },
)
