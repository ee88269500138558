import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../scale/load/random.ts'
import { Load } from '../load/client.ts'
import { judge, type Violation } from '../oracle/judge.ts'
import { accepted, type Ledger } from '../oracle/ledger.ts'
import { StreamReader } from '../oracle/stream.ts'
import { judgeVerdicts, startReplica } from '../oracle/verdicts.ts'
import { Site, type SiteOptions, type SitePublisher } from '../site/site.ts'

/** Where the publisher is killed in its work, as `rescind.publisher.frame` names it, or what else is killed. */
export const POINTS = ['recording', 'recorded', 'appending', 'acknowledged', 'broker', 'both'] as const

/** One of {@link POINTS}. */
export type Point = (typeof POINTS)[number]

/** Those at which the publisher dies by itself. */
const OWN_POINTS = ['recording', 'recorded', 'appending', 'acknowledged'] as const

/** What a crash loop did, and what was wrong. */
export interface CrashResult {
  readonly point: Point
  /** Lives of what is killed. */
  lives: number
  /** Deaths that count. */
  hits: number
  /** Of deaths at `appending`: the frame had not reached the stream. They are not among the hits. */
  notInStream: number
  /** Lives of a publisher that ended without reaching their point. */
  missed: number
  /** Facts, and requests by how they ended. */
  facts: number
  requests: number
  broadcast: number
  recorded: number
  refused: number
  inDoubt: number
  repeated: number
  lifts: number
  tookMs: number
  readonly violations: Violation[]
}

/** Options of {@link crashLoop}. */
export interface CrashOptions extends Omit<SiteOptions, 'folder'> {
  readonly folder: string
  readonly point: Point
  readonly hits: number
  readonly random: Random
  readonly tell: (what: string) => void
  /** How many of the deaths at `appending` come before the frame can have left; default a tenth. */
  readonly handedOverOnly?: number
  /** Ends after so many lives, whatever the hits. */
  readonly lives?: number
}

/** After so many hits a new deployment begins, and the last one is judged: starts take longer the more a Store holds. */
const HITS_PER_SITE = 50
const CLIENTS = 6
const REST_MS = 10
const DIES_WITHIN_MS = 20_000
/** A publisher that finds its broker dead takes a few seconds at the worst. */
const ANSWERS_WITHIN_MS = 30_000
/** Everything that waits has gone out by then, and does so in a second or two. */
const READY_WITHIN_MS = 30_000

/** Kills at one point, again and again, with load running; every deployment is judged at its end. */
export async function crashLoop(options: CrashOptions): Promise<CrashResult> {
  const { point, hits, folder, tell } = options
  const result = emptyResult(point)
  const startedMs = performance.now()
  const { lives = Number.POSITIVE_INFINITY } = options
  for (let number = 1; result.hits < hits && result.lives < lives && result.violations.length === 0; number++) {
    const site = await Site.start({ ...options, folder: join(folder, `${point}-${number}`) })
    try {
      await new Run(site, options, result).perform(Math.min(hits - result.hits, HITS_PER_SITE))
    } finally {
      await site.stop()
    }
    tell(`${point}: ${result.hits} of ${hits} hits`)
  }
  result.tookMs = performance.now() - startedMs
  return result
}

class Run {
  readonly #site: Site
  readonly #options: CrashOptions
  readonly #result: CrashResult
  readonly #publisher: SitePublisher
  readonly #startedMs = Date.now()
  /** Frames whose death was before, and after, the point from which they must be there. */
  readonly #before = new Set<string>()
  readonly #after = new Set<string>()

  constructor(site: Site, options: CrashOptions, result: CrashResult) {
    this.#site = site
    this.#options = options
    this.#result = result
    this.#publisher = site.addPublisher()
  }

  async perform(hits: number): Promise<void> {
    const { random, point, stop, lives = Number.POSITIVE_INFINITY } = this.#options
    const reader = await StreamReader.open(this.#site.broker.url, stop)
    await this.#publisher.start()
    const load = new Load(CLIENTS, {
      random: random.fork(),
      key: this.#site.admin,
      targets: () => [this.#publisher],
      restMs: REST_MS,
    })
    try {
      const goal = this.#result.hits + hits
      if (point !== 'broker') await this.#publisher.kill()
      while (this.#result.hits < goal && this.#result.lives < lives && this.#result.violations.length === 0) {
        stop.throwIfAborted()
        this.#result.lives += 1
        if (point === 'broker') await this.#killBroker(load)
        else await this.#killPublisher(reader)
      }
      if (point !== 'broker') await this.#publisher.start()
      await load.stop()
      await this.#heal(load.ledger, reader)
    } finally {
      await Promise.all([load.stop(), reader.close()])
    }
  }

  async #killPublisher(reader: StreamReader): Promise<void> {
    const { random, point, handedOverOnly = 0.1 } = this.#options
    const own = point === 'both' ? (random.pick(OWN_POINTS) as string) : point
    const nth = random.chance(0.3) ? random.integer(1, 2) : random.integer(1, 12)
    // At once: it was handed over and may not have left; else while the broker has it and we do not know.
    const spinMs = random.chance(handedOverOnly) ? -1 : random.next() * 3
    const life = await this.#publisher.start({ fault: { point: own, nth, spinMs } })
    if (life === undefined) return
    const died = await this.#untilDead()
    if (point === 'both') await this.#site.killBroker()
    const mark = await markIn(life.markFile)
    if (!died || mark?.point !== own) {
      this.#result.missed += 1
      const detail = `no frame came to ${own} for the ${nth}th time within ${DIES_WITHIN_MS / 1_000} s, under load`
      this.#result.violations.push({ rule: 'not_healed', detail })
      if (point === 'both') await this.#site.restartBroker()
      return
    }
    if (point === 'both') await this.#site.restartBroker()
    if (own === 'recording') this.#before.add(mark.frameId)
    if (own === 'acknowledged') this.#after.add(mark.frameId)
    if (own === 'appending') {
      await reader.catchUp()
      if (!reader.frames.some(({ frameId }) => frameId === mark.frameId)) {
        this.#result.notInStream += 1
        if (point === 'appending') return
      }
    }
    this.#result.hits += 1
  }

  /** True if it died by itself. */
  async #untilDead(): Promise<boolean> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), DIES_WITHIN_MS)
    try {
      const { ended } = this.#publisher.process
      const end = new Promise<undefined>((resolve) => late.signal.addEventListener('abort', () => resolve(undefined)))
      const how = await Promise.race([ended, end])
      if (how === undefined) await this.#publisher.kill()
      return how === 'SIGKILL'
    } finally {
      clearTimeout(timer)
    }
  }

  /** Once something was broadcast again since the last time, and while somebody waits for an answer. */
  async #killBroker(load: Load): Promise<void> {
    const { random, stop } = this.#options
    const from = load.ledger.length
    const deadlineMs = performance.now() + ANSWERS_WITHIN_MS
    const isBroadcast = () => load.ledger.slice(from).some((asked) => accepted(asked)?.state === 'broadcast')
    while (!isBroadcast()) {
      stop.throwIfAborted()
      if (performance.now() > deadlineMs) throw new Error('nothing is broadcast any more')
      await pause(5)
    }
    const untilMs = performance.now() + random.next() * 40
    while (performance.now() < untilMs || load.underWay === 0) await pause(1)
    await this.#site.killBroker()
    const goneMs = performance.now() + random.next() * 200
    while (performance.now() < goneMs) await pause(5)
    await this.#site.restartBroker()
    this.#result.hits += 1
  }

  /** Everything runs again: what was answered for has to come by itself. */
  async #heal(ledger: Ledger, reader: StreamReader): Promise<void> {
    const { stop } = this.#options
    const notReady = await this.#publisher.ready(READY_WITHIN_MS).catch((error: Error) => error.message)
    if (notReady !== undefined) {
      stop.throwIfAborted()
      this.#result.violations.push({ rule: 'not_healed', detail: notReady.slice(0, 500) })
      return
    }
    const deadlineMs = performance.now() + ANSWERS_WITHIN_MS
    let violations: readonly Violation[]
    for (;;) {
      await reader.catchUp()
      violations = judge({ ledger, stream: reader.facts, copies: 'strict' })
      if (!violations.some(({ rule }) => rule === 'lost') || performance.now() > deadlineMs) break
      stop.throwIfAborted()
      await pause(100)
    }
    this.#result.violations.push(...violations, ...this.#misjudged(reader))
    const replica = await startReplica(this.#site, 'api', this.#publisher.url)
    try {
      const parts = { site: this.#site, ledger, stream: reader.facts, replicas: [replica], startedMs: this.#startedMs }
      this.#result.violations.push(...(await judgeVerdicts(parts)))
    } finally {
      await replica.close()
    }
    count(this.#result, ledger)
  }

  /** That the points are what they are called shows in the stream, too. */
  #misjudged(reader: StreamReader): readonly Violation[] {
    const there = new Set(reader.frames.map(({ frameId }) => frameId))
    return [
      ...[...this.#before].filter((id) => there.has(id)).map((id) => `${id} was never recorded, and is in the stream`),
      ...[...this.#after]
        .filter((id) => !there.has(id))
        .map((id) => `${id} was acknowledged, and is not in the stream`),
    ].map((detail) => ({ rule: 'lost' as const, detail }))
  }
}

async function markIn(file: string): Promise<{ point: string; frameId: string } | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const [point, frameId] = text.trim().split(' ')
  return point && frameId ? { point, frameId } : undefined
}

function emptyResult(point: Point): CrashResult {
  const requests = { requests: 0, broadcast: 0, recorded: 0, refused: 0, inDoubt: 0, repeated: 0, lifts: 0 }
  return { point, lives: 0, hits: 0, notInStream: 0, missed: 0, facts: 0, ...requests, tookMs: 0, violations: [] }
}

function count(result: CrashResult, ledger: Ledger): void {
  for (const asked of ledger) {
    if (asked.tries.length === 0) continue
    const state = accepted(asked)?.state
    result.requests += 1
    result.facts += asked.facts.length
    if (state === 'broadcast') result.broadcast += 1
    else if (state === 'recorded') result.recorded += 1
    else if (asked.tries.at(-1)?.status === 0) result.inDoubt += 1
    else result.refused += 1
    if (asked.tries.length > 1) result.repeated += 1
    if (asked.kind === 'lift') result.lifts += 1
  }
}
