import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { natsLog, natsPublisherLog } from '@rescind/log'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { type NatsServer, startNatsServer } from '../launcher/nats-server.ts'
import type { HarnessOptions, LogHarness } from './log-harness.ts'
import { natsPublish, natsRequest } from './nats-wire.ts'

/** A nats-server of a test file's own, with its store in a temporary folder. */
export interface TestBroker {
  readonly server: NatsServer
  /** Stops the server and removes its store. */
  end(): Promise<void>
}

/** Starts a broker. A machine without nats-server fails here, with four ways to get one. */
export async function startTestBroker(configFile?: string): Promise<TestBroker> {
  const binary = await findNatsServer({ env: process.env, log: (line) => console.error(line) })
  const storeDir = await mkdtemp(join(tmpdir(), 'rescind-conformance-'))
  const server = await startNatsServer({ binary, storeDir, jetstream: true, ...(configFile ? { configFile } : {}) })
  return {
    server,
    async end() {
      await server.stop()
      await rm(storeDir, { recursive: true, force: true })
    },
  }
}

/** Names that no other test of this broker uses. */
export function freshNames(): {
  stream: string
  subjects: { log: string; live: string; presence: string; barrier: string; clock: string }
} {
  const id = randomUUID().slice(0, 8)
  const subjects = {
    log: `${id}.log`,
    live: `${id}.live`,
    presence: `${id}.presence`,
    barrier: `${id}.barrier`,
    clock: `${id}.clock`,
  }
  return { stream: `RESCIND_${id}`, subjects }
}

/** Makes a call to JetStream's API as an operator would; fails if the server refuses it. */
export async function operate(server: NatsServer, call: string, body: object): Promise<Record<string, unknown>> {
  const answer = await natsRequest(server.port, `$JS.API.${call}`, JSON.stringify(body))
  if (answer.error) throw new Error(`${call}: ${JSON.stringify(answer.error)}`)
  return answer
}

/** A stream as Rescind makes it, except for what a test changes. */
export function streamLike(names: ReturnType<typeof freshNames>, changes: object = {}): { name: string } {
  const id = '0123456789abcdef0123456789abcdef'
  return {
    name: names.stream,
    description: JSON.stringify({ rescind: 1, epoch: id, deployment: id, fingerprintKey: id }),
    subjects: [names.subjects.log],
    retention: 'limits',
    storage: 'file',
    discard: 'new',
    max_bytes: 64 * 1024 * 1024,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    num_replicas: 1,
    duplicate_window: 120_000_000_000,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
    republish: { src: names.subjects.log, dest: names.subjects.live },
    ...changes,
  } as { name: string }
}

/** A log of its own on a broker that tests share. */
export function openNatsHarness(server: NatsServer, options: HarnessOptions = {}): LogHarness {
  const names = freshNames()
  const { requestTimeoutMs = 2_000, maxBytes = 64 * 1024 * 1024 } = options
  const common = { servers: server.url, ...names, requestTimeoutMs }
  let away = false
  const mend = async () => {
    await server.restart()
    away = false
  }
  return {
    publisherLog: natsPublisherLog({ ...common, maxBytes }),
    replicaLog: natsLog(common),
    unguarded: true,
    cut: () => {
      away = true
      return server.kill()
    },
    mend,
    freeze: () => server.pause(),
    thaw: () => server.resume(),
    async makeErasable() {
      const erasable = streamLike(names, { deny_delete: false, deny_purge: false })
      await operate(server, `STREAM.CREATE.${names.stream}`, erasable)
    },
    async punchHole(seq) {
      await operate(server, `STREAM.MSG.DELETE.${names.stream}`, { seq, no_erase: true })
    },
    async prune(seq) {
      await operate(server, `STREAM.PURGE.${names.stream}`, { seq: seq + 1 })
    },
    forgeLive: (seq, bytes) => natsPublish(server.port, names.subjects.live, bytes, seq),
    async close() {
      server.resume()
      if (away) await mend()
    },
  }
}
