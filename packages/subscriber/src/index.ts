export type { ConnectionStats, ConnectOptions, LogConnection, LogSize, RevocationLog } from '@rescind/log'
export {
  type Environment,
  importedSubjects,
  type NatsLogOptions,
  type NatsSubjects,
  type NatsTls,
  natsLog,
  natsOptionsFrom,
  type ReadNatsEnvironment,
  readNatsEnvironment,
  withFiles,
} from '@rescind/log'
export {
  type Clock,
  type Cursor,
  type ErrorCode,
  isRescindError,
  type Lift,
  type Match,
  type Mode,
  type Reason,
  RescindError,
  type Revocation,
  type UnknownCause,
  type Verdict,
  type VerifiedToken,
} from '@rescind/protocol'
export { type HttpSnapshotOptions, httpSnapshot } from './http-snapshot.ts'
export { openReplica } from './open-replica.ts'
export type { FollowStats, ReplicaStats } from './replica-stats.ts'
export type {
  Logger,
  Refusal,
  Replica,
  ReplicaOptions,
  ReplicaStatus,
  WhenUnknown,
} from './replica-types.ts'
export type { SnapshotSource } from './snapshot-source.ts'
