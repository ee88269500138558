import type { AskedClaims, MintedToken } from '../../../services/demo-issuer/src/index.ts'
import type { Calls } from '../../launcher/calls.ts'
import type { RelayMode, RelaySaid } from '../relay/relay.ts'

/** Told of the life of every replica's process, in time: just before it is started or asked to end, and once it listens. */
export interface Lives {
  starting(replica: string, why: string): void
  listens(replica: string, url: string): void
  stopping(replica: string): void
}

/** What can be done to a replica's process. */
export interface ReplicaFaults {
  /** SIGKILL; resolves when it is gone. */
  kill(replica: string): Promise<void>
  /** Starts one that was killed; resolves once it listens. */
  start(replica: string, why: string): Promise<void>
  /** Stops the process where it stands; resolves when it stands. */
  pause(replica: string): Promise<void>
  /** Lets it go on. */
  resume(replica: string): Promise<void>
}

/** What can be done to the broker. Each resolves when it is so; a start when it takes connections. */
export interface BrokerFaults {
  /** Stops it in order and starts it again. */
  restart(): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
}

/**
 * Rescind with a number of APIs, each with a replica, wherever it runs: `api-1` to `api-n`, and one more, `api-relayed`,
 * which reaches the broker through a relay that can lose and freeze. The one thing in which a run on processes and a run
 * in containers differ.
 */
export interface Driver {
  /** `processes` or `docker-compose`. */
  readonly name: string
  /** What ran, with versions, for the report. */
  readonly ran: string
  /** The exact `iss` of its tokens. */
  readonly issuer: string
  /** Calls to the publisher. */
  readonly calls: Calls
  readonly replicas: ReplicaFaults
  readonly broker: BrokerFaults
  mint(claims: AskedClaims): Promise<MintedToken>
  /** Starts APIs at once, or stops the newest in order, until there are `count`; resolves when all listen, or are gone. */
  scale(count: number, why: string): Promise<void>
  /** Starts `api-relayed`; resolves once it listens. */
  startRelayed(): Promise<void>
  /** Stops `api-relayed` in order. */
  stopRelayed(): Promise<void>
  /** Changes what the relay does. */
  relay(mode: RelayMode): Promise<RelaySaid>
  /** Resolves with what happened when something ended that nobody asked to end. */
  readonly broken: Promise<string>
}

/** The one behind the relay. */
export const RELAYED = 'api-relayed'
