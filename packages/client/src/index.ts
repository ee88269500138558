export type {
  AuditEntry,
  CausingRevocation,
  CheckAnswer,
  DryLiftAnswer,
  DryRunAnswer,
  LiftAnswer,
  LiftedRevocation,
  LiftFact,
  ListedRevocation,
  PlannedRevocation,
  Readiness,
  ReadinessCheck,
  Receipt,
  ReplicaAnswer,
  RevocationAnswer,
  RevocationsAnswer,
  ShownRevocation,
  State,
} from './answers.ts'
export { type Client, createClient, type LiftResult, type RevokeResult, type Written } from './client.ts'
export type { ClientOptions } from './client-options.ts'
export { type ClientCode, type HttpErrorFacts, isRescindHttpError, RescindHttpError } from './http-error.ts'
export type { ImportEvent, ImportOptions, ImportProgress, ImportSummary, RejectedLine } from './import-lines.ts'
export type {
  CallOptions,
  LiftRequest,
  ListQuery,
  Question,
  RevocationRequest,
  WaitOptions,
  WriteOptions,
} from './requests.ts'
export type { UploadLine, UploadSource } from './upload-body.ts'
export type { LiftEvent, WatchEvent, WatchOptions } from './watch.ts'
