import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@rescind/protocol'
import { httpSnapshot } from '@rescind/subscriber'
import { memoryLog } from '@rescind/subscriber/testing'
import { readConfig as readPublisherConfig } from '../../services/publisher/src/config.ts'
import { startPublisher } from '../../services/publisher/src/publisher.ts'
import { readConfig as readSampleApiConfig } from '../../services/sample-api/src/config.ts'
import { startSampleApi } from '../../services/sample-api/src/sample-api.ts'
import type { Cleanup } from './cleanup.ts'
import type { DemoIssuer } from './demo-issuer.ts'
import { type DemoKeys, type Deployment, type Part, publisherEnvironment, sampleApiEnvironment } from './deployment.ts'

/** What {@link startInOneProcess} needs. */
export interface OneProcessParts {
  readonly issuer: DemoIssuer
  readonly keys: DemoKeys
  readonly replicaNames: readonly string[]
  readonly cleanup: Cleanup
}

/** The same programs with the same configuration, all in this process, on a log in memory. HTTP is real. */
export async function startInOneProcess(parts: OneProcessParts): Promise<Deployment> {
  const { issuer, keys, cleanup } = parts
  const log = memoryLog()
  const folder = await mkdtemp(join(tmpdir(), 'rescind-'))
  cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
  const publisherConfig = accepted(readPublisherConfig(publisherEnvironment(issuer, keys, folder))).publisher
  const running = await startPublisher({
    config: publisherConfig,
    log: { publisher: log, replica: log },
    clock: systemClock,
  })
  cleanup.add('publisher', () => running.close())
  const publisher: Part = { name: 'publisher', url: running.url }

  const replicas: Part[] = []
  const startReplica = async (name: string): Promise<Part> => {
    const config = accepted(readSampleApiConfig(sampleApiEnvironment(name, { issuer, keys, publisher })))
    const api = await startSampleApi({
      config: config.api,
      log,
      snapshot: httpSnapshot(config.snapshotUrl, { token: keys.replica }),
    })
    cleanup.add('replica', () => api.close())
    const replica = { name, url: api.url }
    replicas.push(replica)
    return replica
  }
  for (const name of parts.replicaNames) await startReplica(name)
  return {
    get processes() {
      return [`memory log, publisher and ${replicas.length} APIs in one process (pid ${process.pid})`]
    },
    publisher,
    replicas,
    startReplica,
    // What runs in this process ends with it.
    broken: new Promise(() => {}),
  }
}

function accepted<T>(read: { ok: true; config: T } | { ok: false; mistakes: readonly string[] }): T {
  if (!read.ok) throw new Error(read.mistakes.join('\n'))
  return read.config
}
