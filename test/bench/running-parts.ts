import { Calls } from '../launcher/calls.ts'
import { type DemoIssuer, startDemoIssuer } from '../launcher/demo-issuer.ts'
import { type DemoKeys, type Deployment, makeDemoKeys } from '../launcher/deployment.ts'
import { startProcesses } from '../launcher/start-processes.ts'
import { stopOnSignals } from '../launcher/stop-on-signals.ts'
import { withBroker } from './with-broker.ts'

/** The real thing on this machine, each part a process of its own. */
export interface RunningParts {
  readonly natsUrl: string
  readonly natsVersion: string
  readonly natsPid: number
  readonly deployment: Deployment
  readonly calls: Calls
  readonly keys: DemoKeys
  readonly issuer: DemoIssuer
  /** Fires when somebody wants it to end. */
  readonly stop: AbortSignal
}

/** Fires at Ctrl-C and its kin. */
export function stopSignal(): AbortSignal {
  return stopOnSignals({ source: process, nowMs: () => performance.now(), endAtOnce: () => process.exit(130) })
}

/** Starts a broker of its own, a publisher and so many APIs, waits until all are ready, and ends them after `body`. */
export function withRunningParts<T>(
  replicas: number,
  body: (parts: RunningParts) => Promise<T>,
  stop: AbortSignal = stopSignal(),
): Promise<T> {
  return withBroker(async ({ broker, folder, cleanup }) => {
    const issuer = await startDemoIssuer('https://demo-issuer.example')
    cleanup.add('issuer', () => issuer.close())
    const keys = makeDemoKeys()
    const replicaNames = Array.from({ length: replicas }, (_, index) => `api-${index + 1}`)
    // What is measured is the work, not the bound on it. The services log as in production.
    const unbounded = { ...broker, env: { ...broker.env, RESCIND_RATE_LIMIT: '0' } }
    const deployment = await startProcesses({ broker: unbounded, issuer, keys, replicaNames, folder, cleanup })
    const calls = new Calls(deployment.publisher, keys.admin, stop)
    await Promise.all([deployment.publisher, ...deployment.replicas].map((part) => calls.ready(part)))
    const { address: natsUrl, version: natsVersion, pid: natsPid = 0 } = broker
    return await body({ natsUrl, natsVersion, natsPid, deployment, calls, keys, issuer, stop })
  })
}
