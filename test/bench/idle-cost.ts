/**
 * `pnpm bench:idle`: what Rescind costs while nothing happens. Broker, publisher and three APIs, each a process of its own,
 * are watched for 30 s.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { rssMb, sharesOfCore } from './process-cpu.ts'
import { withRunningParts } from './running-parts.ts'

const WATCH_MS = 30_000

await withRunningParts(3, async ({ deployment, natsPid, natsVersion, stop }) => {
  const { publisher, replicas } = deployment
  const pids = Object.fromEntries([publisher, ...replicas].map(({ name, pid = 0 }) => [name, pid]))
  const all = { 'nats-server': natsPid, ...pids }
  const deadlineMs = performance.now() + WATCH_MS
  const idle = await sharesOfCore(all, async () => {
    while (performance.now() < deadlineMs) await pause(100, undefined, { signal: stop })
  })
  console.log(`node ${process.version}, nats-server ${natsVersion}, ${idle.elapsedSec.toFixed(0)} s without a request`)
  console.log('| process | share of one core | resident MB |')
  console.log('| --- | --- | --- |')
  for (const [name, pid] of Object.entries(all)) {
    const share = idle.shares[name]
    const cells = [
      name,
      share === undefined ? 'not known' : `${(share * 100).toFixed(2)} %`,
      rssMb(pid)?.toFixed(0) ?? '',
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
})
