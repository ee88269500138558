import type { Issuer } from './facts.ts'

/** The part of an Issuer fact that a publisher configures. */
export type IssuerPolicy = Omit<Issuer, 'kind' | 'atMs'>

/** What parsing needs to know beside the body. */
export interface ParseContext {
  /** The configured issuers, by their exact `iss` (R1). */
  readonly issuers: ReadonlyMap<string, IssuerPolicy>
  /** The publisher's wall clock. */
  readonly nowMs: number
  /** JSON pointer of the body within the request: empty, or `/3` in an array. */
  readonly base?: string
}
