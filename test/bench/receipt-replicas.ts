/** A process of `pnpm bench --only G13`: `NATS_URL FIRST COUNT` replicas. */
import { natsLog } from '@rescind/log'
import { openReplica } from '@rescind/subscriber'
import { serve } from './worker.ts'

const [servers = '', first = '0', count = '0'] = process.argv.slice(2)
const replicas = await Promise.all(
  Array.from({ length: Number(count) }, (_, index) => {
    const name = `api-${Number(first) + index}`
    return openReplica({ log: natsLog({ servers }), bootstrap: 'log', whenUnknown: 'reject', name })
  }),
)
serve(
  () => undefined,
  () => Promise.all(replicas.map((replica) => replica.close())),
)
