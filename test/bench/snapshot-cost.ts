/**
 * `pnpm bench:snapshot`: what a snapshot costs. For 100,000 and 1,000,000 entries, half of them cutoffs of a `sub` and half
 * blocks of a `jti`: its bytes, the processor time that a publisher builds it in and a replica takes it in with, and the
 * longest slice of each, for which the event loop stands still. Of three rounds the lowest figures: the others show what
 * else the machine had to do.
 */
import { createHash } from 'node:crypto'
import { createDenylist, type Denylist } from '@rescind/denylist'
import { limits } from '@rescind/protocol'
import { newRevocation } from './entries.ts'

const SIZES = [100_000, 1_000_000]
const ROUNDS = 3

interface Walk<T> {
  readonly result: T
  /** Processor time of all threads, the collector's included. */
  readonly cpuMs: number
  /** By the clock. */
  readonly longestMs: number
}

/** Drives a walk to its end, as its driver would, without the pauses between. */
function timed<Y, T>(walk: Generator<Y, T>, each: (value: Y) => void = () => {}): Walk<T> {
  const cpuBefore = process.cpuUsage()
  let longestMs = 0
  for (;;) {
    const startedMs = performance.now()
    const { done, value } = walk.next()
    if (!done) each(value as Y)
    longestMs = Math.max(longestMs, performance.now() - startedMs)
    if (done) return { result: value as T, cpuMs: cpuMsSince(cpuBefore), longestMs }
  }
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function filled(entries: number): Denylist {
  const denylist = createDenylist()
  for (let i = 0; i < entries; i += 1) denylist.apply(newRevocation(i % 2 === 0 ? 'sub' : 'jti'))
  return denylist
}

/** As the publisher does it: the image in chunks, then one buffer and its digest, which is one slice. */
function build(denylist: Denylist): Walk<Uint8Array> {
  const chunks: Uint8Array[] = []
  const walked = timed(denylist.image(), (chunk) => chunks.push(chunk))
  const sealed = timed(seal(chunks))
  const longestMs = Math.max(walked.longestMs, sealed.longestMs)
  return { result: sealed.result, cpuMs: walked.cpuMs + sealed.cpuMs, longestMs }
}

// biome-ignore lint/correctness/useYield: one slice, driven as the others are
function* seal(chunks: readonly Uint8Array[]): Generator<void, Uint8Array> {
  const image = Buffer.concat(chunks)
  createHash('sha256').update(image).digest()
  return image
}

/** As a replica does it: digest, then join, both in slices. */
function load(image: Uint8Array): Walk<Denylist> {
  const digesting = timed(digestOf(image))
  const denylist = createDenylist()
  const joining = timed(denylist.join(image))
  if (!joining.result) throw new Error('it did not fit')
  const longestMs = Math.max(digesting.longestMs, joining.longestMs)
  return { result: denylist, cpuMs: digesting.cpuMs + joining.cpuMs, longestMs }
}

function* digestOf(image: Uint8Array): Generator<void, Buffer> {
  const hash = createHash('sha256')
  for (let start = 0; start < image.length; start += limits.SNAPSHOT_SLICE_BYTES) {
    hash.update(image.subarray(start, start + limits.SNAPSHOT_SLICE_BYTES))
    yield
  }
  return hash.digest()
}

const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0)

function least<T>(rounds: readonly Walk<T>[], field: 'cpuMs' | 'longestMs'): string {
  return ms(Math.min(...rounds.map((round) => round[field])))
}

console.log(`node ${process.version}`)
console.log(
  '| entries | bytes each | snapshot MB | build: CPU ms | longest slice ms | load: CPU ms | longest slice ms |',
)
console.log('| --- | --- | --- | --- | --- | --- | --- |')
for (const entries of SIZES) {
  const denylist = filled(entries)
  const built: Walk<Uint8Array>[] = []
  const loaded: Walk<Denylist>[] = []
  let bytes = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const image = build(denylist)
    const joined = load(image.result)
    if (joined.result.size !== entries) throw new Error(`${joined.result.size} entries of ${entries}`)
    bytes = image.result.byteLength
    built.push({ ...image, result: image.result.subarray(0, 0) })
    loaded.push({ ...joined, result: denylist })
  }
  const figures = [least(built, 'cpuMs'), least(built, 'longestMs'), least(loaded, 'cpuMs'), least(loaded, 'longestMs')]
  const cells = [entries.toLocaleString('en'), (bytes / entries).toFixed(0), (bytes / 1e6).toFixed(1), ...figures]
  console.log(`| ${cells.join(' | ')} |`)
}
