import type { Broker } from './broker.ts'
import type { Cleanup } from './cleanup.ts'
import type { DemoIssuer } from './demo-issuer.ts'
import { type DemoKeys, type Deployment, type Part, publisherEnvironment, sampleApiEnvironment } from './deployment.ts'
import { type ServiceProcess, startService } from './service-process.ts'

/** What {@link startProcesses} needs. */
export interface ProcessParts {
  readonly broker: Broker
  readonly issuer: DemoIssuer
  readonly keys: DemoKeys
  readonly replicaNames: readonly string[]
  /** Where the output of the processes goes. */
  readonly folder: string
  readonly cleanup: Cleanup
}

/** The real thing: the publisher and every sample API in a process of its own, with a NATS server between them. */
export async function startProcesses(parts: ProcessParts): Promise<Deployment> {
  const { broker, issuer, keys, folder, cleanup } = parts
  const replicas: Part[] = []
  let tellBroken: (what: string) => void = () => {}
  const broken = new Promise<string>((resolve) => {
    tellBroken = resolve
  })

  async function start(stage: 'publisher' | 'replica', name: string, env: Record<string, string>): Promise<Part> {
    const service = await startService({
      name,
      program: stage === 'publisher' ? 'services/publisher/src/main.ts' : 'services/sample-api/src/main.ts',
      env: { ...env, ...broker.env },
      folder,
      onSpawned: (spawned) => {
        cleanup.add(stage, () => spawned.stop())
        void watch(spawned)
      },
    })
    return service
  }
  async function watch(service: ServiceProcess): Promise<void> {
    const { how, asked } = await service.ended
    if (!asked) tellBroken([`${service.name} ended ${how}:`, ...service.lastLines].join('\n  '))
  }

  const publisher = await start('publisher', 'publisher', publisherEnvironment(issuer, keys, folder))
  const startReplica = async (name: string) => {
    const replica = await start('replica', name, sampleApiEnvironment(name, { issuer, keys, publisher }))
    replicas.push(replica)
    return replica
  }
  await Promise.all(parts.replicaNames.map(startReplica))
  replicas.sort((a, b) => (a.name < b.name ? -1 : 1))
  const brokerAt = broker.pid === undefined ? `at ${broker.address}` : `pid ${broker.pid}`
  return {
    get processes() {
      const started = [publisher, ...replicas].map(({ name, pid }) => `${name} (pid ${pid})`)
      return [`nats-server ${broker.version} (${brokerAt})`, ...started]
    },
    publisher,
    replicas,
    startReplica,
    broken,
  }
}
