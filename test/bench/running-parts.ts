import { rm } from 'node:fs/promises'
import { provideBroker } from '../launcher/broker.ts'
import { Calls } from '../launcher/calls.ts'
import { Cleanup } from '../launcher/cleanup.ts'
import { type DemoIssuer, startDemoIssuer } from '../launcher/demo-issuer.ts'
import { type DemoKeys, type Deployment, makeDemoKeys } from '../launcher/deployment.ts'
import { makeRunFolder } from '../launcher/run-folder.ts'
import { startProcesses } from '../launcher/start-processes.ts'
import { stopOnSignals } from '../launcher/stop-on-signals.ts'

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

/** Starts a broker of its own, a publisher and so many APIs, waits until all are ready, and ends them after `body`. */
export async function withRunningParts(replicas: number, body: (parts: RunningParts) => Promise<void>): Promise<void> {
  const stop = stopOnSignals({ source: process, nowMs: () => performance.now(), endAtOnce: () => process.exit(130) })
  const cleanup = new Cleanup()
  const folder = await makeRunFolder()
  cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
  try {
    // Not the broker that NATS_URL may name: what it costs would be somebody else's traffic.
    const { NATS_URL: _given, ...env } = process.env
    const broker = await provideBroker({ env, folder, cleanup, log: console.error })
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
    await body({ natsUrl, natsVersion, natsPid, deployment, calls, keys, issuer, stop })
  } finally {
    await cleanup.run()
  }
}
