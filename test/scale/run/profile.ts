import type { RevokerPace } from '../load/revoker.ts'

/** A fault that a run makes; `scenario.ts` says what each is. */
export type FaultName =
  | 'replica killed'
  | 'replica paused'
  | 'broker restarted'
  | 'broker killed'
  | 'broker paused'
  | 'live messages lost'
  | 'link frozen'

/** How large and how long a run is. What it does is the same for all. */
export interface Profile {
  /** APIs at most, and how many are kept for the faults. */
  readonly most: number
  readonly kept: number
  /** R19. */
  readonly staleAfterMs: number
  /** How long what blinds a replica lasts: longer than `staleAfterMs`. */
  readonly blindMs: number
  /** Between two steps. */
  readonly calmMs: number
  /** Pause between two requests with tokens to one replica. */
  readonly askEveryMs: number
  readonly pace: RevokerPace
  /** One stage after another; the faults of one stage at once, on different replicas. */
  readonly stages: readonly (readonly FaultName[])[]
  /** Tokens that every replica is asked about at the very end. */
  readonly askedAtTheEnd: number
}

/** Every fault by itself, with the bounds that a real deployment has. */
export const FULL: Profile = {
  most: 6,
  kept: 3,
  staleAfterMs: 15_000,
  blindMs: 20_000,
  calmMs: 6_000,
  askEveryMs: 20,
  pace: { perSecond: 20, burstEveryMs: 3_000, burst: 300 },
  stages: [
    ['replica killed'],
    ['replica paused'],
    ['broker restarted'],
    ['broker killed'],
    ['broker paused'],
    ['live messages lost'],
    ['link frozen'],
  ],
  askedAtTheEnd: 2_000,
}

/** Fewer, and several at once: what a test suite has time for. */
export const SHORT: Profile = {
  most: 3,
  kept: 2,
  staleAfterMs: 3_000,
  blindMs: 4_500,
  calmMs: 1_000,
  askEveryMs: 20,
  pace: { perSecond: 12, burstEveryMs: 1_000, burst: 150 },
  stages: [['replica killed', 'replica paused', 'live messages lost'], ['broker killed']],
  askedAtTheEnd: 200,
}

/** Rests between the steps of {@link FULL}: as many as there are stages, and around the scaling. */
const RESTS = FULL.stages.length + 4

/** What a full run takes without its rests: starts, faults and recoveries, as measured on two cores. */
const BUSY_MS = 150_000

/** A full run of about so many minutes; never shorter than its faults take. */
export function lasting(minutes: number): Profile {
  return { ...FULL, calmMs: Math.max(FULL.calmMs, (minutes * 60_000 - BUSY_MS) / RESTS) }
}
