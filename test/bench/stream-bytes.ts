/**
 * `pnpm bench:stream`: what a revocation takes in the stream, as the broker counts it against `max_bytes`, alone in its
 * frame and together with others. The stream keeps every frame, so this is what its size cap has to be chosen by.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { natsPublisherLog } from '@rescind/log'
import { encodeFrame } from '@rescind/protocol'
import { natsRequest } from '../end-to-end/nats-request.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { startNatsServer } from '../launcher/nats-server.ts'
import { newRevocation } from './entries.ts'

/** Revocations in one frame. */
const TOGETHER = [1, 10, 100]
const FRAMES = 200

const id = () => randomBytes(16).toString('hex')

const folder = await mkdtemp(join(tmpdir(), 'rescind-bench-'))
const binary = await findNatsServer({ env: process.env, log: console.error })
const server = await startNatsServer({ binary, storeDir: folder, jetstream: true })
const connection = await natsPublisherLog({ servers: server.url }).connect({ name: 'bench', onEvent() {} })
try {
  await connection.establish()
  const stored = async () => {
    const { state } = await natsRequest(server.port, '$JS.API.STREAM.INFO.RESCIND')
    return Number((state as { bytes: number }).bytes)
  }
  console.log(`node ${process.version}, nats-server ${server.version}: a { sub } or { jti } of a UUID, no note`)
  console.log(
    '| revocations in a frame | bytes of the frame | bytes in the stream per revocation |\n| --- | --- | --- |',
  )
  for (const together of TOGETHER) {
    const before = await stored()
    let frameBytes = 0
    for (let i = 0; i < FRAMES; i += 1) {
      const facts = Array.from({ length: together }, (_, n) => newRevocation((i + n) % 2 === 0 ? 'sub' : 'jti'))
      const frame = { frameId: id(), epoch: id(), publisher: id().slice(16), facts }
      const bytes = encodeFrame(frame)
      frameBytes += bytes.byteLength
      await connection.append(bytes, { messageId: frame.frameId })
    }
    const perRevocation = ((await stored()) - before) / (FRAMES * together)
    console.log(`| ${together} | ${Math.round(frameBytes / FRAMES)} | ${Math.round(perRevocation)} |`)
  }
} finally {
  await connection.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}
