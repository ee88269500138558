import type { Cursor } from '@rescind/protocol'
import type { Answer as CallAnswer, Calls } from '../../launcher/calls.ts'
import type { Act, Listed } from '../oracle/history.ts'

/** What is asked of the publisher, before anything is known of it. */
export type Asked = Pick<Act, 'match' | 'mode'>

/** What it answers about one revocation or lift; times are RFC 3339. */
interface Said {
  readonly at?: string
  readonly issuedBefore?: string
}

/** Revokes and lifts, and writes down what was asked and what was answered. */
export class PublisherClient {
  readonly #calls: Calls
  readonly #acts: Act[]
  readonly #issuer: string
  /** Answers that nothing here should have caused, by status and code. */
  readonly unexpected = new Map<string, number>()

  /** @param acts where everything is noted */
  constructor(calls: Calls, acts: Act[], issuer: string) {
    this.#calls = calls
    this.#acts = acts
    this.#issuer = issuer
  }

  /** Revokes all of it in one request; `watchedOn` is the run that it is measured on. True if it was acknowledged. */
  revoke(asked: readonly Asked[], watchedOn?: number): Promise<boolean> {
    // A match of an application alone reaches a crowd: it has to be confirmed.
    const bodies = asked.map(({ match, mode }) => {
      return { match, mode, ...(Object.keys(match).join() === 'client_id' && { confirm: this.#issuer }) }
    })
    const call = () => this.#calls.revoke(bodies.length === 1 ? (bodies[0] as object) : bodies)
    return this.#act('revocation', asked, call, ({ body }) => body.revocations as readonly Said[], watchedOn)
  }

  /** Lifts what was revoked with this match and mode. True if it was acknowledged. */
  lift({ match, mode }: Asked): Promise<boolean> {
    return this.#act(
      'lift',
      [{ match, mode }],
      () => this.#calls.lift({ match, mode }),
      ({ body }) => [body.lift as Said],
    )
  }

  /** `GET /v1/replicas`: those that are not silent. */
  async listed(): Promise<readonly Listed[]> {
    const { status, body } = await this.#calls.replicas()
    if (status !== 200) throw new Error(`the publisher answers ${status} to GET /v1/replicas`)
    const replicas = body.replicas as readonly (Listed & { readonly silent: boolean })[]
    return replicas
      .filter(({ silent }) => !silent)
      .map(({ id, name, cursor, digest }) => ({ id, name, ...(cursor && { cursor }), ...(digest && { digest }) }))
  }

  async #act(
    kind: Act['kind'],
    asked: readonly Asked[],
    call: () => Promise<CallAnswer>,
    saidIn: (answer: CallAnswer) => readonly Said[],
    watchedOn?: number,
  ): Promise<boolean> {
    const sentMs = performance.now()
    const answer = await call().catch(() => undefined)
    const answeredMs = performance.now()
    const outcome = outcomeOf(answer?.status)
    if (outcome === 'refused' && answer) this.#noteUnexpected(answer)
    const said = outcome === 'acknowledged' && answer ? saidIn(answer) : []
    const cursor = answer?.body.cursor as Cursor | undefined
    const watched = watchedOn !== undefined && { watchedOn }
    for (const [index, { match, mode }] of asked.entries()) {
      const { at, issuedBefore } = said[index] ?? {}
      const known = outcome === 'acknowledged' && {
        ...(cursor && { cursor }),
        ...(at !== undefined && { atMs: Date.parse(at) }),
        ...(issuedBefore !== undefined && { issuedBeforeMs: Date.parse(issuedBefore) }),
      }
      this.#acts.push({ kind, match, mode, sentMs, answeredMs, outcome, ...known, ...watched })
    }
    return outcome === 'acknowledged'
  }

  #noteUnexpected({ status, body }: CallAnswer): void {
    const what = `${status} ${body.code ?? ''}`
    this.unexpected.set(what, (this.unexpected.get(what) ?? 0) + 1)
  }
}

/** A refusal is the caller's fault and took nothing; a failure, or no answer, leaves open what became of it. */
function outcomeOf(status: number | undefined): Act['outcome'] {
  if (status === 201) return 'acknowledged'
  // Recorded: it goes out when the log is back, and no replica can know of it before.
  if (status === 202) return 'in_doubt'
  return status !== undefined && status < 500 ? 'refused' : 'in_doubt'
}
