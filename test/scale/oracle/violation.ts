import { LISTENS_WITHIN_MS, LIVE_WITHIN_MS } from './recoveries.ts'

/** What can be wrong with a run; the key stays, the text is for people. */
export const RULES = {
  accepted_revoked: 'a live replica accepted a token that it had to refuse',
  forgotten: 'a replica did not refuse, stale or not, what it had already reached',
  refused_wrongly: 'a token was refused as revoked that nothing revokes',
  unavailable: 'a replica could not know, and nothing was wrong with it',
  stall_hidden: 'a replica that nothing could prove fresh answered as if it were',
  live_too_long: 'a replica called itself live though its last proof was older than staleAfterMs',
  no_answer: 'a replica did not answer, and nothing was wrong with it',
  odd_answer: 'a replica answered with a status that is none of 200, 401, 503',
  unheard: 'nobody saw a replica both accept and refuse, though nothing was wrong with it',
  went_back: 'a replica reported a cursor before one that it had reported, or of an epoch that it had left',
  two_frames: 'one sequence of one epoch was seen with two frames',
  not_listening: `a replica did not listen within ${LISTENS_WITHIN_MS / 1000} s`,
  not_live_again: `a replica was not live within ${LIVE_WITHIN_MS / 1000} s`,
  digests_differ: 'at the end the replicas do not hold the same, or not everything',
} as const

/** One thing that must not be, with what was seen. */
export interface Violation {
  readonly rule: keyof typeof RULES
  readonly atMs: number
  readonly detail: string
}
