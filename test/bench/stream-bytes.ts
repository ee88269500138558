/**
 * `pnpm bench:stream`: what a revocation takes in the stream, as the broker counts it against `max_bytes`, alone in its
 * frame and together with others; and how fast a publisher that starts reads it all, which it does before it is ready. The
 * stream keeps every frame, so this is what its size cap has to be chosen by.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { natsLog, natsPublisherLog, type PublisherConnection } from '@rescind/log'
import { encodeFrame } from '@rescind/protocol'
import { openReplica } from '@rescind/subscriber'
import { natsRequest } from '../end-to-end/nats-request.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { startNatsServer } from '../launcher/nats-server.ts'
import { newRevocation } from './entries.ts'

/** Revocations in one frame, and how many such frames. */
const LOADS = [
  { together: 1, frames: 20_000 },
  { together: 10, frames: 5_000 },
  { together: 100, frames: 1_000 },
]

/** Appends under way at once. */
const IN_FLIGHT = 64

const id = () => randomBytes(16).toString('hex')

/** Appends so many frames; resolves with the bytes of one. */
async function fill(log: PublisherConnection, together: number, frames: number): Promise<number> {
  let left = frames
  let bytesInAll = 0
  const append = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const facts = Array.from({ length: together }, (_, n) => newRevocation((left + n) % 2 === 0 ? 'sub' : 'jti'))
      const frame = { frameId: id(), epoch: id(), publisher: id().slice(16), facts }
      const bytes = encodeFrame(frame)
      bytesInAll += bytes.byteLength
      await log.append(bytes, { messageId: frame.frameId })
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, append))
  return bytesInAll / frames
}

/** What a publisher does before it is ready: reads the whole log into an empty index. */
async function readAll(servers: string, entries: number): Promise<{ readonly sec: number; readonly cpuSec: number }> {
  const before = { ms: performance.now(), cpu: process.cpuUsage() }
  const replica = await openReplica({ log: natsLog({ servers }), bootstrap: 'log', whenUnknown: 'reject' })
  const { user, system } = process.cpuUsage(before.cpu)
  const sec = (performance.now() - before.ms) / 1000
  if (replica.status.entries !== entries) throw new Error(`${replica.status.entries} entries of ${entries}`)
  await replica.close()
  return { sec, cpuSec: (user + system) / 1e6 }
}

async function row(binary: string, { together, frames }: (typeof LOADS)[number]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-bench-'))
  const server = await startNatsServer({ binary, storeDir: folder, jetstream: true })
  const log = await natsPublisherLog({ servers: server.url }).connect({ name: 'bench', onEvent() {} })
  try {
    await log.establish()
    const frameBytes = await fill(log, together, frames)
    const { state } = await natsRequest(server.port, '$JS.API.STREAM.INFO.RESCIND')
    const inAll = frames * together
    const perRevocation = Number((state as { bytes: number }).bytes) / inAll
    const { sec, cpuSec } = await readAll(server.url, inAll)
    const figures = [frameBytes, perRevocation, frames / sec, inAll / sec].map((value) => Math.round(value))
    return `| ${[together, ...figures, ((cpuSec / inAll) * 1e6).toFixed(0)].join(' | ')} |`
  } finally {
    await log.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const HEAD = [
  'revocations in a frame',
  'bytes of the frame',
  'bytes in the stream per revocation',
  'frames/s at start',
  'revocations/s at start',
  'CPU us per revocation',
]

const binary = await findNatsServer({ env: process.env, log: console.error })
console.log(`node ${process.version}; a { sub } or { jti } of a UUID, no note`)
console.log(`| ${HEAD.join(' | ')} |\n| ${HEAD.map(() => '---').join(' | ')} |`)
for (const load of LOADS) console.log(await row(binary, load))
