import { type Clock, limits, systemClock } from '@rescind/protocol'
import { checkName } from './checks.ts'
import { MemoryBroker } from './memory-broker.ts'
import { MemoryConnection } from './memory-connection.ts'
import { type MemoryFaults, memoryFaults } from './memory-faults.ts'
import type { ConnectOptions, PublisherConnection, PublisherLog, RevocationLog } from './revocation-log.ts'

/** Options of {@link memoryLog}. */
export interface MemoryLogOptions {
  /** The broker's clock: what `brokerTime()` tells and message ids are forgotten by. Default: the machine's. */
  readonly clock?: Clock
  /** Bytes of frames above which an append is refused with `ERR_LOG_FULL`. Default 1 GiB. */
  readonly maxBytes?: number
  /** Longest wait for an answer in milliseconds of real time, also with a manual clock; default 2,000. */
  readonly requestTimeoutMs?: number
  /** True: as a broker that lets everyone in. Default false: nobody but this process reaches it. */
  readonly unguarded?: boolean
}

/** A log in this process. It is a publisher's log; `replicaLog` is the same log as replicas see it. */
export interface MemoryLog extends PublisherLog {
  /** The same log for `openReplica`: its connections are told barriers, and no presence. */
  readonly replicaLog: RevocationLog
  /** Faults on command. */
  readonly faults: MemoryFaults
}

/**
 * A revocation log in memory, for tests of services that embed a replica, and for trying things out: the same contract
 * as NATS JetStream behind `natsLog`, any number of connections, and faults on command. Everything that would cross a
 * network happens in a later turn of the event loop, and bytes are copied. Nothing outlives the process. As on a real
 * broker there is no stream until a publisher's `establish()`.
 */
export function memoryLog(options: MemoryLogOptions = {}): MemoryLog {
  const {
    clock = systemClock,
    maxBytes = limits.DEFAULT_STREAM_BYTES,
    requestTimeoutMs = limits.DEFAULT_REQUEST_TIMEOUT_MS,
    unguarded = false,
  } = options
  const broker = new MemoryBroker({ clock, maxBytes })
  const connect = async (hearsPresence: boolean, { name, onEvent, signal }: ConnectOptions) => {
    checkName(name)
    await broker.network.reached(name, signal)
    return new MemoryConnection({ broker, name, onEvent, requestTimeoutMs, hearsPresence, unguarded })
  }
  return {
    connect: (options): Promise<PublisherConnection> => connect(true, options),
    replicaLog: { connect: (options) => connect(false, options) },
    faults: memoryFaults(broker),
  }
}
