import { limits } from '@rescind/protocol'
import { SCOPES } from '../principal.ts'
import type { Call } from './call.ts'
import { CHECK, CHECK_SCHEMAS } from './check.ts'
import { CLAIM_SCHEMAS } from './claims.ts'
import { DRY_RUN_SCHEMAS } from './dry-run.ts'
import { HEALTH_SCHEMAS, LIVEZ, READYZ } from './health.ts'
import type { Schema } from './json-schema.ts'
import { LIFT, LIFT_SCHEMAS } from './lift.ts'
import { LIST, LISTED_SCHEMAS, SHOW } from './listed.ts'
import { GET_METRICS } from './metrics.ts'
import { GET_OPENAPI } from './openapi-call.ts'
import { describePaths } from './paths.ts'
import { describeProblems, PROBLEM_SCHEMAS, sharedProblems } from './problem.ts'
import { PROBLEM_EXAMPLES } from './problem-examples.ts'
import { RECEIPT_SCHEMAS } from './receipt.ts'
import { BESIDE_ALL_CALLS } from './refusals.ts'
import { DISMISS_REPLICA, REPLICA_SCHEMAS, REPLICAS } from './replica.ts'
import { REVOCATION_SCHEMAS, REVOKE } from './revocation.ts'
import { GET_SNAPSHOT, HEAD_SNAPSHOT } from './snapshot.ts'
import { AUDIT, EVENTS, STREAM_SCHEMAS } from './streams.ts'
import { UPLOAD_SCHEMAS } from './upload.ts'

const CALLS: readonly Call[] = [
  REVOKE,
  LIST,
  SHOW,
  LIFT,
  CHECK,
  EVENTS,
  AUDIT,
  GET_SNAPSHOT,
  HEAD_SNAPSHOT,
  REPLICAS,
  DISMISS_REPLICA,
  LIVEZ,
  READYZ,
  GET_METRICS,
  GET_OPENAPI,
]

const DESCRIPTION = `Records revocations of JWTs that are already issued, broadcasts them to every replica, and serves the snapshots that replicas start from. The rules are numbered (R1 to R22) in \`packages/protocol/SPEC.md\`.

Bodies are JSON in UTF-8, at most ${limits.MAX_BODY_BYTES} bytes. Times are RFC 3339; answers give them in UTC. \`tokenExp\` and \`reissueNotBefore\` are NumericDate in seconds, as in tokens. Answers may gain fields: pass over those that you do not know.

Every refusal of the publisher is \`application/problem+json\` (RFC 9457); what is not even HTTP (no \`Host\`, an odd \`Expect\`) Node refuses by itself, without a body. A refusal comes with a stable \`code\` and all mistakes of the body. A path that is not listed is 404 \`not_found\`, another method 405 \`method_not_allowed\`. \`HEAD\` is taken wherever \`GET\` is.`

const INFO = {
  title: 'Rescind publisher',
  // That of all manifests; a test holds it to them.
  version: '0.1.0',
  description: DESCRIPTION,
  license: { name: 'MIT', identifier: 'MIT' },
}

const TAGS = [
  { name: 'revocations', description: 'Revoke, take back, and ask.' },
  { name: 'replicas', description: 'What replicas start from, and who follows.' },
  { name: 'health', description: 'Of this process. Open to all.' },
]

const SCOPE_NAMES = SCOPES.map((scope) => `\`${scope}\``).join(', ')

const BEARER = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'rsk_… or JWT',
  description: `A static key of this publisher, or a JWT of the issuer whose admins may sign on, with scopes in \`scope\` or \`scp\`. The scopes: ${SCOPE_NAMES}. Where neither is configured, which only a loopback address allows, everyone may do everything.`,
}

/** The description of every call, as OpenAPI 3.1. */
export function openApiDocument(): Schema {
  const besideCalls = BESIDE_ALL_CALLS.map((code) => [code, describeProblems([code], {})])
  return {
    openapi: '3.1.1',
    info: INFO,
    servers: [{ url: '/', description: 'The publisher that this document comes from.' }],
    tags: TAGS,
    paths: describePaths(CALLS),
    components: {
      securitySchemes: { bearer: BEARER },
      schemas: {
        ...REVOCATION_SCHEMAS,
        ...LISTED_SCHEMAS,
        ...LIFT_SCHEMAS,
        ...UPLOAD_SCHEMAS,
        ...DRY_RUN_SCHEMAS,
        ...RECEIPT_SCHEMAS,
        ...CHECK_SCHEMAS,
        ...STREAM_SCHEMAS,
        ...REPLICA_SCHEMAS,
        ...HEALTH_SCHEMAS,
        ...PROBLEM_SCHEMAS,
        ...CLAIM_SCHEMAS,
      },
      responses: { ...sharedProblems(CALLS), ...Object.fromEntries(besideCalls) },
      examples: PROBLEM_EXAMPLES,
    },
  }
}

/** The document as it is served and committed. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`
}
