import type { MemoryBroker } from './memory-broker.ts'
import { MemoryStream } from './memory-stream.ts'

/** What can be made to go wrong with a `memoryLog`. Everything takes effect at once. */
export interface MemoryFaults {
  /** Cuts every connection, or those of one name, and keeps new ones waiting. Messages under way are lost. */
  disconnect(name?: string): void
  /** Takes back `disconnect`. Everybody is told; what was missed is theirs to fetch. */
  reconnect(name?: string): void
  /** The next `n` broadcasts reach nobody. The frames are stored. */
  dropLive(n: number): void
  /** The next `n` broadcasts come twice. */
  duplicateLive(n: number): void
  /** The next `n` broadcasts are held back until the last of them, and then come in reverse order. */
  reorderLive(n: number): void
  /** A message on the live subject that no broker sent: any bytes under any sequence. */
  injectLive(seq: number, bytes: Uint8Array): void
  /**
   * The broker stops, as a process under SIGSTOP: connections stay, questions hang until their own bounds end them, and
   * messages wait. What was asked meanwhile is carried out at the thaw, also where nobody waits any more.
   */
  freeze(): void
  /** Takes back `freeze`: messages that waited arrive now, late. */
  thaw(): void
  /** The next `times` reads of `seq` say that it is not there, as a follower that lags behind does. */
  missOnce(seq: number, times?: number): void
  /** The next `times` appends are stored, and end with `ERR_LOG_UNAVAILABLE` all the same. */
  loseAnswers(times: number): void
  /** Forgets the frames up to `seq`, as expiry by age would. */
  prune(upToSeq: number): void
  /** Another stream in the same place: empty, new epoch. `deployment: 'new'` also changes its deployment and its key. */
  recreate(options?: { readonly deployment: 'same' | 'new' }): void
  /** No stream at all, until a publisher establishes one: it has nothing in common with this one. */
  remove(): void
  /** A store restored from an older copy: same epoch, frames after `seq` forgotten, their sequences used again. */
  rollback(toSeq: number): void
  /** Puts other bytes where the frame `seq` is; `ERR_INVALID_OPTION` if there is none. */
  corrupt(seq: number, bytes: Uint8Array): void
  /** Answers about the head prove nothing (`ERR_LOG_UNPROVED`) as long as this is on. */
  unproved(on: boolean): void
  /** How old proofs are by the broker's own account (`Head.ageMs`), in milliseconds. */
  setProofAge(ms: number): void
  /** Appends are refused with `ERR_LOG_FULL` as long as this is on. */
  full(on: boolean): void
  /** How far the broker's clock is ahead of the one it was made with, in milliseconds; negative is behind. */
  setBrokerClockOffset(ms: number): void
}

/** The faults of one broker. */
export function memoryFaults(broker: MemoryBroker): MemoryFaults {
  const { trouble, network } = broker
  const named = (name?: string) => [...broker.connections].filter((one) => name === undefined || one.name === name)
  return {
    disconnect(name) {
      network.cut(name)
      for (const connection of named(name)) connection.disconnect()
    },
    reconnect(name) {
      network.mend(name)
      for (const connection of named(name)) connection.reconnect()
    },
    dropLive: (n) => set(trouble, 'drop', n),
    duplicateLive: (n) => set(trouble, 'duplicate', n),
    reorderLive: (n) => set(trouble, 'reorder', n),
    injectLive: (seq, bytes) => broker.tellLive([{ seq, bytes }]),
    freeze: () => broker.freeze(),
    thaw: () => broker.thaw(),
    missOnce: (seq, times = 1) => void trouble.misses.set(seq, times),
    loseAnswers: (times) => set(trouble, 'lostAnswers', times),
    prune: (upToSeq) => broker.existing().prune(upToSeq),
    recreate({ deployment } = { deployment: 'same' }) {
      const { deployment: id, fingerprintKey } = broker.existing().head()
      broker.stream = new MemoryStream(broker.maxBytes, deployment === 'same' ? { deployment: id, fingerprintKey } : {})
    },
    remove: () => set(broker, 'stream', undefined),
    rollback: (toSeq) => broker.existing().rollback(toSeq),
    corrupt: (seq, bytes) => broker.existing().replace(seq, bytes),
    unproved: (on) => set(trouble, 'unproved', on),
    setProofAge: (ms) => set(trouble, 'proofAgeMs', ms),
    full: (on) => set(trouble, 'full', on),
    setBrokerClockOffset: (ms) => set(trouble, 'clockOffsetMs', ms),
  }
}

function set<T, K extends keyof T>(target: T, field: K, value: T[K]): void {
  target[field] = value
}
