import { setTimeout as pause } from 'node:timers/promises'
import type { Replica } from '@rescind/subscriber'
import { until } from '../../launcher/wait.ts'
import { HttpCaller } from '../load/http-caller.ts'
import { type Evidence, judge, type Violation } from '../oracle/judge.ts'
import type { Ledger } from '../oracle/ledger.ts'
import type { StreamReader } from '../oracle/stream.ts'
import { judgeVerdicts } from '../oracle/verdicts.ts'
import type { Site } from '../site/site.ts'

/** What waits has to go out, however slowly: so long may pass without any of it. */
const PROGRESS_WITHIN_MS = 30_000

/** Waits until everything that was answered for is in the stream, and judges: stream, replicas, publishers, digests. */
export async function judgeAtRest(parts: {
  readonly site: Site
  readonly ledger: Ledger
  readonly reader: StreamReader
  readonly replicas: readonly Replica[]
  readonly startedMs: number
  readonly copies: Evidence['copies']
  readonly severalPublishers?: boolean
  /** True: the stream may have become another one since it was read last. */
  readonly reread?: boolean
}): Promise<{ readonly violations: readonly Violation[]; readonly tookMs: number }> {
  const { site, ledger, reader, replicas, copies, severalPublishers = false, reread = false } = parts
  const beganMs = performance.now()
  let violations: readonly Violation[] = []
  let least = Number.POSITIVE_INFINITY
  let progressMs = beganMs
  for (;;) {
    if (reread) reader.forget()
    await reader.catchUp()
    violations = judge({ ledger, stream: reader.facts, copies, severalPublishers })
    const lost = violations.filter(({ rule }) => rule === 'lost').length
    if (lost < least) {
      least = lost
      progressMs = performance.now()
    }
    if (lost === 0 || performance.now() - progressMs > PROGRESS_WITHIN_MS) break
    site.options.stop.throwIfAborted()
    await pause(100)
  }
  const tookMs = performance.now() - beganMs
  const verdicts = await judgeVerdicts({ ...parts, stream: reader.facts })
  const digests = replicas.length > 0 ? await judgeDigests(site, replicas.length) : []
  return { violations: [...violations, ...verdicts, ...digests], tookMs }
}

interface Listed {
  readonly name: string
  readonly state: string
  /** Of one that was killed, until it counts as gone, it is false. */
  readonly silent: boolean
  readonly cursor?: object
  readonly digest?: { readonly value: string }
}

/** Every replica, and the publishers' own, comes to one cursor with one digest, as a publisher hears it. */
async function judgeDigests(site: Site, replicas: number): Promise<readonly Violation[]> {
  const caller = new HttpCaller(site.publishers[0]?.url ?? '', site.admin)
  let last = ''
  const agree = async () => {
    const { body } = await caller.get('/v1/replicas')
    last = body
    const { replicas: all = [] } = parse(body)
    const listed = all.filter(({ state, silent }) => state === 'live' && !silent)
    const kinds = new Set(listed.map(({ cursor, digest }) => JSON.stringify([cursor, digest])))
    const isWhole =
      listed.length >= replicas + site.publishers.length && listed.every(({ digest }) => digest !== undefined)
    return isWhole && kinds.size === 1 ? true : undefined
  }
  try {
    await until(() => 'digests do not agree', agree, { withinMs: 30_000, signal: site.options.stop })
    return []
  } catch (error) {
    site.options.stop.throwIfAborted()
    return [{ rule: 'wrong_verdict', detail: `${(error as Error).message}: ${last.slice(0, 1_500)}` }]
  } finally {
    caller.close()
  }
}

function parse(body: string): { readonly replicas?: readonly Listed[] } {
  try {
    return JSON.parse(body) as { replicas: Listed[] }
  } catch {
    return {}
  }
}
