import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Cleanup } from '../launcher/cleanup.ts'
import { Fleet, type FleetParts, type Member } from './fleet.ts'
import { KnownTokens } from './known-tokens.ts'
import { isPublisher, type Order, type Place, REPLICAS, type Release } from './orders.ts'
import { lookAtPhase } from './phase.ts'
import type { Row } from './report.ts'
import { Traffic } from './traffic.ts'

/** What running needs, beside what each order gets of its own. */
export interface RunParts extends Omit<FleetParts, 'cleanup'> {
  /** Told each row as soon as it stands. */
  tell(row: Row): void
}

/** Starts everything old, and takes the steps of one order, with a look at the whole after each. */
export function runOrder(order: Order, parts: RunParts): Promise<void> {
  return withFleet(order.title, parts, async (run) => {
    if (!(await run.begin('old', 'old', REPLICAS))) return
    for (const { place, to } of order.steps) {
      const went = await run.step(`${place} becomes ${to}`, async (problems) => {
        const member = await run.fleet.start(place, to)
        await member.calls.ready(member)
        if (!isPublisher(place)) await run.welcome(member, problems)
        await run.dismiss(run.fleet.take(member), problems)
      })
      if (!went) return
    }
  })
}

/** One publisher of each version, and from the snapshot of each an API of each version starts. */
export function runSnapshots(parts: RunParts): Promise<void> {
  return withFleet('an API of each version starts from the snapshot of each publisher', parts, async (run) => {
    if (!(await run.begin('old', 'new', []))) return
    for (const [publisher, of] of [
      ['publisher-1', 'old'],
      ['publisher-2', 'new'],
    ] as const) {
      for (const release of ['old', 'new'] as const) {
        await run.step(`${release} API, snapshot of the ${of} publisher`, async (problems) => {
          const member = await run.fleet.startReplica(`api-${release}-from-${of}`, release, publisher)
          await member.calls.ready(member)
          await run.welcome(member, problems)
          run.fleet.take(member)
        })
      }
    }
  })
}

async function withFleet(title: string, parts: RunParts, body: (run: Run) => Promise<void>): Promise<void> {
  const cleanup = new Cleanup()
  const folder = join(parts.folder, title.replaceAll(/[^a-z]+/gi, '-'))
  await mkdir(folder)
  const run = new Run(title, parts, await Fleet.open({ ...parts, folder, cleanup }))
  try {
    await body(run)
  } finally {
    await run.end()
    await cleanup.run()
  }
}

/** The fleet of one order, what it has to know, and the traffic on it. */
class Run {
  readonly fleet: Fleet
  readonly #title: string
  readonly #parts: RunParts
  readonly #known = new KnownTokens()
  readonly #traffic = new Map<Member, Traffic>()

  constructor(title: string, parts: RunParts, fleet: Fleet) {
    this.#title = title
    this.#parts = parts
    this.fleet = fleet
  }

  /** Starts a publisher of each of these, and in these places an old API. */
  begin(first: Release, second: Release, places: readonly Place[]): Promise<boolean> {
    return this.step(places.length > 0 ? 'all old' : `publishers: ${first}, ${second}`, async (problems) => {
      const publishers = await Promise.all([
        this.fleet.start('publisher-1', first),
        this.fleet.start('publisher-2', second),
      ])
      for (const publisher of publishers) this.fleet.take(publisher)
      const replicas = await Promise.all(places.map((place) => this.fleet.start(place, 'old')))
      for (const member of [...publishers, ...replicas]) await member.calls.ready(member)
      for (const member of replicas) {
        await this.welcome(member, problems)
        this.fleet.take(member)
      }
    })
  }

  /** One row: does it, looks at the whole, and tells. False if there is no point in going on. */
  async step(step: string, act: (problems: string[]) => Promise<unknown>): Promise<boolean> {
    const problems: string[] = []
    const startedMs = performance.now()
    const readyMs = await act(problems).then(
      () => performance.now() - startedMs,
      (error) => {
        problems.push(error instanceof Error ? error.message : String(error))
        return undefined
      },
    )
    const { publishers, replicas } = this.fleet
    const { issuer, stop } = this.#parts
    const went = readyMs !== undefined
    const phase = went
      ? await lookAtPhase({ publishers, replicas, issuer, known: this.#known, stop })
      : { acknowledged: 0, slowestMs: 0, problems: [] }
    const watched = [...this.#traffic.values()].map((traffic) => traffic.take())
    this.#parts.tell({
      order: this.#title,
      step,
      publishers: publishers.map(({ release }) => release),
      replicas: replicas.map(({ release }) => release),
      ...(went && { readyMs }),
      acknowledged: phase.acknowledged,
      slowestMs: phase.slowestMs,
      answers: watched.reduce((sum, { answers }) => sum + answers, 0),
      unknown: watched.reduce((sum, { unknown }) => sum + unknown, 0),
      problems: [...problems, ...phase.problems, ...watched.flatMap(({ problems }) => problems)],
    })
    stop.throwIfAborted()
    return went
  }

  /** An API that says it is live knows everything that was acknowledged before it began; then it gets traffic. */
  async welcome(member: Member, problems: string[]): Promise<void> {
    for (const { token, status, what } of this.#known.all()) {
      const answer = await member.calls.whoami(member, token)
      if (answer.status === status) continue
      problems.push(`${member.name} (${member.release}) is live and answers ${answer.status} for ${status} (${what})`)
    }
    this.#known.settleAll(member)
    this.#traffic.set(member, new Traffic(member, this.#known, member.calls))
  }

  /** Ends one that has been replaced: first nobody asks it any more, then it stops in order. */
  async dismiss(member: Member | undefined, problems: string[]): Promise<void> {
    if (!member) return
    const watched = await this.#traffic.get(member)?.stop()
    this.#traffic.delete(member)
    problems.push(...(watched?.problems ?? []))
    await member.service.stop()
    const { how } = await member.service.ended
    if (how !== 'with exit code 0') problems.push(`${member.name} (${member.release}) ended ${how}`)
  }

  /** Ends the traffic. */
  async end(): Promise<void> {
    await Promise.all([...this.#traffic.values()].map((traffic) => traffic.stop()))
  }
}
