import { type Cursor, isClaimValue, isCursor, REASONS, type Verdict } from '@rescind/protocol'
import type {
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
  ReplicasAnswer,
  RevocationAnswer,
  RevocationPage,
  RevocationsAnswer,
  ShownRevocation,
} from './answers.ts'
import { FLAG, isObject, list, NUMBER, object, oneOf, optional, type Shape, such, TEXT } from './shapes.ts'

const MODE = oneOf('cutoff', 'block')
const REASON = oneOf(...REASONS)
const CURSOR = such((value) => isCursor(value as Cursor), 'no cursor')
const MATCH = such((value) => isObject(value) && Object.values(value).every(isClaimValue), 'no match')
const EXCEPT = object<{ jti?: unknown; sid?: unknown }>({
  jti: optional(list(claimValue())),
  sid: optional(list(claimValue())),
})

function claimValue(): Shape {
  return such(isClaimValue, 'no value of a claim')
}

/** {@link Receipt}. */
export const RECEIPT = object<Receipt>({
  confirmed: list(object<Receipt['confirmed'][number]>({ replica: TEXT, ms: NUMBER })),
  pending: list(TEXT),
  fenced: list(TEXT),
  unproved: list(TEXT),
})

const REVOCATION_FIELDS = {
  id: TEXT,
  iss: TEXT,
  match: MATCH,
  mode: MODE,
  issuedBefore: optional(TEXT),
  reissueNotBefore: optional(NUMBER),
  expiresAt: TEXT,
  reason: REASON,
  at: optional(TEXT),
}

const CAUSING_FIELDS = {
  ...REVOCATION_FIELDS,
  actor: TEXT,
  onBehalfOf: optional(TEXT),
  note: optional(TEXT),
  except: optional(EXCEPT),
}

const STATES = ['live', 'lifted', 'expired'] as const

/** {@link RevocationAnswer}. */
export const REVOCATION = object<RevocationAnswer>(REVOCATION_FIELDS)

/** {@link CausingRevocation}. */
export const CAUSING = object<CausingRevocation>(CAUSING_FIELDS)

/** {@link ListedRevocation}. */
export const LISTED = object<ListedRevocation>({ ...CAUSING_FIELDS, state: oneOf(...STATES) })

/** {@link ShownRevocation}. */
export const SHOWN = object<ShownRevocation>({
  ...CAUSING_FIELDS,
  state: oneOf(...STATES, 'recorded'),
  receipt: optional(RECEIPT),
})

/** {@link RevocationPage}. */
export const PAGE = object<RevocationPage>({ revocations: list(LISTED), next: optional(TEXT) })

/** {@link RevocationsAnswer}. */
export const REVOCATIONS = object<RevocationsAnswer>({
  state: oneOf('recorded', 'broadcast', 'enforced', 'nothing_to_do'),
  cursor: optional(CURSOR),
  revocations: list(REVOCATION),
  receipt: optional(RECEIPT),
})

/** The fields of a {@link LiftFact}. */
export const LIFT_FACT_FIELDS = { id: TEXT, iss: TEXT, match: MATCH, mode: MODE, at: optional(TEXT), expiresAt: TEXT }

/** {@link LiftFact}. */
export const LIFT_FACT = object<LiftFact>(LIFT_FACT_FIELDS)

const LIFTED = {
  lifted: list(object<LiftedRevocation>({ id: TEXT, reason: REASON, at: TEXT })),
  liftedCount: NUMBER,
}

/** {@link LiftAnswer}. */
export const LIFT = object<LiftAnswer>({
  state: oneOf('recorded', 'broadcast', 'enforced'),
  cursor: optional(CURSOR),
  lift: LIFT_FACT,
  ...LIFTED,
  receipt: optional(RECEIPT),
})

/** {@link DryLiftAnswer}. */
export const DRY_LIFT = object<DryLiftAnswer>({
  dryRun: oneOf(true),
  lift: object<DryLiftAnswer['lift']>({ iss: TEXT, match: MATCH, mode: MODE, expiresAt: TEXT }),
  ...LIFTED,
  replicas: NUMBER,
})

/** {@link PlannedRevocation}. */
export const PLANNED = object<PlannedRevocation>({
  iss: TEXT,
  match: MATCH,
  mode: MODE,
  reason: REASON,
  issuedBefore: optional(TEXT),
  reissueNotBefore: optional(NUMBER),
  expiresAt: TEXT,
  liveFacts: NUMBER,
  nothingToDo: optional(oneOf(true)),
})

/** {@link DryRunAnswer}. */
export const DRY_RUN = object<DryRunAnswer>({ dryRun: oneOf(true), revocations: list(PLANNED), replicas: NUMBER })

const VERDICT = such((value) => isVerdict(value), 'no verdict')

function isVerdict(value: unknown): value is Verdict {
  if (!isObject(value)) return false
  const { kind, reason, mode, claims, cause } = value
  if (kind === 'revoked') return typeof reason === 'string' && typeof mode === 'string' && Array.isArray(claims)
  return kind === 'active' || (kind === 'unknown' && typeof cause === 'string')
}

/** {@link CheckAnswer}. */
export const CHECK = object<CheckAnswer>({ verdict: VERDICT, causes: list(CAUSING) })

/** {@link ReplicaAnswer}. */
export const REPLICA = object<ReplicaAnswer>({
  id: TEXT,
  name: TEXT,
  version: TEXT,
  frameVersions: list(NUMBER),
  state: oneOf('starting', 'live', 'stale'),
  cursor: optional(CURSOR),
  lagMs: optional(NUMBER),
  entries: NUMBER,
  rssBytes: NUMBER,
  whenUnknown: oneOf('reject', 'accept'),
  staleAfterMs: NUMBER,
  digest: optional(object<NonNullable<ReplicaAnswer['digest']>>({ asOf: TEXT, value: TEXT })),
  lastSeen: TEXT,
  silent: FLAG,
})

/** {@link ReplicasAnswer}. */
export const REPLICAS = object<ReplicasAnswer>({ replicas: list(REPLICA) })

/** {@link Readiness}. */
export const READINESS = object<Readiness>({
  status: oneOf('ready', 'not_ready'),
  checks: optional(
    list(object<ReadinessCheck>({ name: TEXT, ok: FLAG, code: optional(TEXT), detail: optional(TEXT) })),
  ),
})

/** {@link AuditEntry}. */
export const AUDIT_ENTRY = object<AuditEntry>({
  time: TEXT,
  principal: TEXT,
  signOn: TEXT,
  action: TEXT,
  onBehalfOf: optional(TEXT),
  outcome: TEXT,
  ids: list(TEXT),
  count: NUMBER,
  detail: optional(TEXT),
})
