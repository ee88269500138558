/** A process of `pnpm bench:receipt`: `NATS_URL FIRST COUNT` replicas, until its standard input ends. */
import { natsLog } from '@rescind/log'
import { openReplica } from '@rescind/subscriber'

const [servers = '', first = '0', count = '0'] = process.argv.slice(2)
const replicas = await Promise.all(
  Array.from({ length: Number(count) }, (_, index) => {
    const name = `api-${Number(first) + index}`
    return openReplica({ log: natsLog({ servers }), bootstrap: 'log', whenUnknown: 'reject', name })
  }),
)
console.log('ready')
process.stdin.resume().once('end', () => void Promise.all(replicas.map((replica) => replica.close())))
