import { rm } from 'node:fs/promises'
import { type Broker, provideBroker } from '../launcher/broker.ts'
import { Cleanup } from '../launcher/cleanup.ts'
import { makeRunFolder } from '../launcher/run-folder.ts'

/** A broker of a bench's own, with a folder that goes with it. */
export interface OwnBroker {
  readonly broker: Broker
  readonly port: number
  readonly folder: string
  /** What else has to be stopped before the broker. */
  readonly cleanup: Cleanup
}

/** Starts a broker of its own, and ends it after `body`, with all that `body` noted for the end. */
export async function withBroker<T>(body: (own: OwnBroker) => Promise<T>): Promise<T> {
  const cleanup = new Cleanup()
  const folder = await makeRunFolder()
  cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
  try {
    // Not the broker that NATS_URL may name: what it costs would be somebody else's traffic.
    const { NATS_URL: _given, ...env } = process.env
    const broker = await provideBroker({ env, folder, cleanup, log: console.error })
    return await body({ broker, port: Number(new URL(broker.address).port), folder, cleanup })
  } finally {
    await cleanup.run()
  }
}
