import type { Part } from '../launcher/deployment.ts'

/** A token, and what every replica is to say of it. */
export interface KnownToken {
  readonly token: string
  /** For messages: `sub run-17`. */
  readonly what: string
  /** What a replica answers that knows: 401 for one that was revoked, 200 for one that was not, or not any more. */
  readonly status: 200 | 401
}

/** What was acknowledged so far, and by which replicas it has been seen to be known. */
export class KnownTokens {
  readonly #known: { readonly known: KnownToken; readonly settledOn: Set<Part> }[] = []

  /** From now on these replicas must answer so, each time. */
  settle(known: KnownToken, replicas: Iterable<Part>): void {
    this.#known.push({ known, settledOn: new Set(replicas) })
  }

  /** A replica that began after all of this was acknowledged, and is live, must know it all. */
  *all(): Generator<KnownToken> {
    for (const { known } of this.#known) yield known
  }

  /** It has been asked about everything, and knew it. */
  settleAll(replica: Part): void {
    for (const { settledOn } of this.#known) settledOn.add(replica)
  }

  /** One that this replica has to know, at random; undefined before the first. */
  pick(replica: Part, status: KnownToken['status']): KnownToken | undefined {
    const candidates = this.#known.filter(({ known, settledOn }) => known.status === status && settledOn.has(replica))
    return candidates[Math.floor(Math.random() * candidates.length)]?.known
  }
}
