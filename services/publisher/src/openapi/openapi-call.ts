import type { Call } from './call.ts'
import { IF_NONE_MATCH } from './headers.ts'

/** `GET /openapi.json`. */
export const GET_OPENAPI: Call = {
  method: 'GET',
  path: '/openapi.json',
  operationId: 'getOpenApi',
  tag: 'health',
  summary: 'Fetch this document',
  description: 'This description of all calls. Open to all: it holds no secret.',
  headers: IF_NONE_MATCH,
  answers: {
    200: {
      description: 'An OpenAPI 3.1 document.',
      headers: { ETag: true, 'Cache-Control': true },
      content: {
        'application/json': {
          schema: { type: 'object', required: ['openapi', 'info', 'paths', 'components'] },
        },
      },
    },
    304: { description: 'The document is the one that the request names.', headers: { ETag: true } },
  },
  refusals: [],
}
