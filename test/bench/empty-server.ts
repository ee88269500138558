/** A process of `pnpm bench --only G14`: a Fastify server that takes the same body as JSON, and answers an empty object. */
import Fastify from 'fastify'
import { serve } from './worker.ts'

const app = Fastify()
app.post('/v1/revocations', (_request, reply) => reply.code(201).send({}))
const url = await app.listen({ host: '127.0.0.1', port: 0 })

serve(
  () => url,
  () => app.close(),
)
