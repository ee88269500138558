/**
 * A process of `pnpm bench --only G12`: `NATS_URL FIRST COUNT` replicas, and as many bare subscribers beside them. It notes when
 * a frame is enforced in each replica, and when the same bytes reached each bare subscriber, by the clock that all processes
 * of this machine share.
 */
import { natsLog } from '@rescind/log'
import { peekFrameId } from '@rescind/protocol'
import { openEmbeddedReplica } from '@rescind/subscriber/internal'
import { BareNats } from './bare-nats.ts'
import { type Arrivals, FLOOR_SUBJECT, machineMs } from './broadcast-clock.ts'
import { serve } from './worker.ts'

const [servers = '', first = '0', count = '0'] = process.argv.slice(2)
const indexes = Array.from({ length: Number(count) }, (_, index) => Number(first) + index)

const enforced = new Map<string, number[]>()
const arrived = new Map<string, number[]>()

function note(at: Map<string, number[]>, frameId: string): void {
  const now = machineMs()
  const known = at.get(frameId)
  if (known) known.push(now)
  else at.set(frameId, [now])
}

const port = Number(new URL(servers).port)
const bare = indexes.map(
  () => new BareNats(port, [FLOOR_SUBJECT], (_subject, body) => note(arrived, peekFrameId(body) ?? '')),
)
const replicas = await Promise.all(
  indexes.map((index) =>
    // The same replica as everyone's, which tells besides when a frame is in force.
    openEmbeddedReplica({
      log: natsLog({ servers }),
      bootstrap: 'log',
      whenUnknown: 'reject',
      name: `api-${index}`,
      onApplied: ({ frame, applied }) => {
        if (applied.every((fate) => fate === 'in_force')) note(enforced, frame.frameId)
      },
    }),
  ),
)
await Promise.all(bare.map((one) => one.flush()))

serve<'report'>(
  (): Arrivals => ({ enforced: [...enforced], arrived: [...arrived] }),
  async () => {
    for (const one of bare) one.close()
    await Promise.all(replicas.map((replica) => replica.close()))
  },
)
