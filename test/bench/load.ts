/** What a process of load clients is asked to do. */
export interface Load {
  /** Of the server, without a path. */
  readonly url: string
  /** Sent as a Bearer token. */
  readonly key: string
  readonly connections: number
  /** Revocations of one request: 1 is an object, more are an array. */
  readonly revocations: number
  readonly forMs: number
}

/** What came of it. */
export interface Loaded {
  /** Of each request that was answered 201. */
  readonly latenciesMs: readonly number[]
  readonly elapsedSec: number
  /** Other statuses, or `closed`, and how often. */
  readonly failed: readonly (readonly [status: string, count: number])[]
}
