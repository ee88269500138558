import type { PublisherLog, RevocationLog } from '@rescind/log'

/** One fresh log under test, and the hands that do to it what its port cannot. */
export interface LogHarness {
  /** The log as a publisher has it. */
  readonly publisherLog: PublisherLog
  /** The same log as a replica has it. */
  readonly replicaLog: RevocationLog
  /** Whether its broker lets everyone in. */
  readonly unguarded: boolean
  /** Cuts every connection. */
  cut(): Promise<void>
  /** Lets them come back. */
  mend(): Promise<void>
  /** The broker stops answering, and keeps its connections. */
  freeze(): Promise<void>
  thaw(): void
  /** Makes a stream from which frames can be taken, as an operator would: its publisher need not establish it. */
  makeErasable(): Promise<void>
  /** Takes one frame out of the middle of an erasable stream. */
  punchHole(seq: number): Promise<void>
  /** Takes all frames up to `seq` from an erasable stream. */
  prune(seq: number): Promise<void>
  /** A message on the live subject that no stream sent. */
  forgeLive(seq: number, bytes: Uint8Array): Promise<void>
  /** Ends the log; a broker that was cut or frozen is as before. */
  close(): Promise<void>
}

/** What {@link LogHarness} is opened with. */
export interface HarnessOptions {
  /** Size cap of the log; a small one fills soon. */
  readonly maxBytes?: number
  readonly requestTimeoutMs?: number
}

/** Opens a log that nobody has used. */
export type OpenHarness = (options?: HarnessOptions) => Promise<LogHarness>
