import type { Cursor } from '@rescind/protocol'

/**
 * What was seen of one run, from outside, by one observer. All times are milliseconds on the observer's monotonic clock.
 * A request's `sentMs` is taken before it is sent and its `receivedMs` after its answer is read, so the truth lies between.
 */
export interface History {
  /** R19, as the replicas were told. */
  readonly staleAfterMs: number
  readonly tokens: readonly Token[]
  readonly acts: readonly Act[]
  readonly runs: readonly ReplicaRun[]
  readonly faults: readonly Fault[]
  readonly answers: readonly Answer[]
  readonly statuses: readonly Status[]
  /** What the publisher listed when everything had come to rest; absent if it never came to that. */
  readonly listed?: readonly Listed[]
}

/** A token that replicas were asked about. Its place in the list is its name here. */
export interface Token {
  readonly claims: Readonly<Record<string, string>>
  /** NumericDate, whole seconds. */
  readonly iat: number
}

/** A revocation or a lift that the publisher was asked for, and what it said. */
export interface Act {
  readonly kind: 'revocation' | 'lift'
  readonly match: Readonly<Record<string, string>>
  readonly mode: 'block' | 'cutoff'
  readonly sentMs: number
  /** When the answer, or the failure, was there. */
  readonly answeredMs: number
  /** `in_doubt`: an error, or no answer at all: it may be on the log or not. */
  readonly outcome: 'acknowledged' | 'refused' | 'in_doubt'
  /** Of an acknowledged one. */
  readonly cursor?: Cursor
  /** Its logical time (R10), of an acknowledged one. */
  readonly atMs?: number
  /** Of an acknowledged cutoff (R4). */
  readonly issuedBeforeMs?: number
  /** The run on which its token is watched until it is refused: what propagation is measured by. Of some single ones. */
  readonly watchedOn?: number
}

/** One life of a replica's process. Its place in the list is its name here. */
export interface ReplicaRun {
  readonly replica: string
  /** Why it was started, for people: `scaled up`, `restarted after kill -9` … */
  readonly why: string
  readonly startedMs: number
  /** When it was seen to listen; absent if it never did. */
  readonly listensMs?: number
  /** Just before it was asked, or made, to end; absent while it is to live. */
  readonly stoppingMs?: number
}

/** Something done to the system, and taken back. */
export interface Fault {
  readonly name: string
  /** Of which runs; the others must not notice. */
  readonly runs: readonly number[]
  /** `paused`: their processes stand still. `unreachable`: no proof can reach them. `lossy`: live messages are lost. */
  readonly kind: 'paused' | 'unreachable' | 'lossy'
  /** Just before it was done, and when it was certainly in force. */
  readonly beginningMs: number
  readonly begunMs: number
  /** Just before it was taken back, and when that was certainly done. */
  readonly endingMs: number
  readonly endedMs: number
}

/** What `GET /whoami` said of a token. */
export interface Answer {
  readonly run: number
  readonly token: number
  readonly sentMs: number
  readonly receivedMs: number
  /** 0: no answer came; the connection failed, or patience ended. */
  readonly status: number
}

/** What `GET /replica` said. */
export interface Status {
  readonly run: number
  readonly sentMs: number
  readonly receivedMs: number
  readonly state: string
  readonly cursor?: Cursor
  /** Since the last proof; absent before the first. */
  readonly lagMs?: number
}

/** One replica of `GET /v1/replicas`, the publisher's own among them. */
export interface Listed {
  readonly name: string
  readonly cursor?: Cursor
  readonly digest?: { readonly asOf: string; readonly value: string }
}
