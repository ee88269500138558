export { type Barrier, decodeBarrier, encodeBarrier } from './barrier.ts'
export type { MemoryFaults } from './memory-faults.ts'
export { type MemoryLog, type MemoryLogOptions, memoryLog } from './memory-log.ts'
export { natsOptionsFrom, type ReadNatsEnvironment, readNatsEnvironment } from './nats-environment.ts'
export { natsLog, natsPublisherLog } from './nats-log.ts'
export type { NatsLogOptions, NatsPublisherLogOptions, NatsSubjects, NatsTls } from './nats-options.ts'
export { importedSubjects } from './nats-subjects.ts'
export { decodePresence, encodePresence, type Presence } from './presence.ts'
export type {
  AskOptions,
  ConnectionStats,
  ConnectOptions,
  Established,
  EstablishOptions,
  Head,
  LogConnection,
  LogEvent,
  LogIdentity,
  LogSize,
  PublisherConnection,
  PublisherLog,
  RevocationLog,
  StoredFrame,
} from './revocation-log.ts'
export { type Environment, withFiles } from './secret-files.ts'
