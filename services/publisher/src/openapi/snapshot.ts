import type { Call } from './call.ts'
import { IF_NONE_MATCH } from './headers.ts'

const SNAPSHOT: Omit<Call, 'method' | 'operationId' | 'summary' | 'answers'> = {
  path: '/v1/snapshot',
  tag: 'replicas',
  description:
    "The image of the publisher's own replica: all live facts at a cursor (R20). Replicas fetch it by themselves, and verify it against the log.",
  scope: 'snapshot:read',
  headers: IF_NONE_MATCH,
  refusals: ['snapshot_unavailable'],
}

const FOUND = { ETag: true, 'Rescind-Cursor': true, 'Cache-Control': true } as const
const KNOWN = { description: 'The snapshot is the one that the request names.', headers: { ETag: true } } as const

/** `GET /v1/snapshot`. */
export const GET_SNAPSHOT: Call = {
  ...SNAPSHOT,
  method: 'GET',
  operationId: 'getSnapshot',
  summary: 'Fetch a snapshot',
  answers: {
    200: {
      description: 'A manifest, and the image that it states the digest of.',
      headers: FOUND,
      content: { 'application/octet-stream': { schema: {} } },
    },
    304: KNOWN,
  },
}

/** `HEAD /v1/snapshot`. */
export const HEAD_SNAPSHOT: Call = {
  ...SNAPSHOT,
  method: 'HEAD',
  operationId: 'headSnapshot',
  summary: 'Ask for the cursor and the size of a snapshot',
  answers: {
    200: { description: '`Content-Length` is the size of the snapshot in bytes.', headers: FOUND },
    304: KNOWN,
  },
}
