import { randomBytes } from 'node:crypto'
import { deleteNatsLog } from '@rescind/log/operator'
import { readConfig } from '../../services/publisher/src/config.ts'
import type { Cleanup } from './cleanup.ts'

/** What a run uses of a broker that is somebody else's: a stream that nobody has, on subjects that nobody hears. */
export interface OwnStream {
  readonly name: string
  /** What makes the services use it. */
  readonly env: Readonly<Record<string, string>>
}

/** A broker that is gone by then will not come back for this. */
const DELETE_TIMEOUT_MS = 5_000
/** A broker may reserve what a stream is allowed to hold; a walk-through stores some kilobytes. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Names a stream for this run, and notes that it is to be deleted when the services are gone. Throws what is wrong
 * with the `NATS_…` variables, if anything is. If this process ends without having deleted it, its last line says so.
 */
export function ownStream(options: { readonly env: NodeJS.ProcessEnv; readonly cleanup: Cleanup }): OwnStream {
  const id = randomBytes(4).toString('hex')
  const name = `RESCIND_DEMO_${id}`
  const env = {
    RESCIND_STREAM: name,
    RESCIND_SUBJECT_PREFIX: `rescind_demo_${id}`,
    RESCIND_STREAM_MAX_BYTES: String(MAX_BYTES),
  }
  const nats = connectionOf(options.env, env)
  const tellLeft = () => {
    process.stderr.write(
      `Stream ${name} may be left on that broker: nats stream rm ${name}; nats stream rm ${name}_CLOCK\n`,
    )
  }
  process.once('exit', tellLeft)
  options.cleanup.add('broker', async () => {
    await deleteNatsLog(nats, AbortSignal.timeout(DELETE_TIMEOUT_MS))
    process.off('exit', tellLeft)
  })
  return { name, env }
}

/** The connection that the publisher will make, from the same variables: whatever lets it in lets us in. */
function connectionOf(surroundings: NodeJS.ProcessEnv, own: OwnStream['env']) {
  const foreign = Object.entries(surroundings).filter(([variable]) => !variable.startsWith('RESCIND_'))
  const anyIssuer = { RESCIND_ISSUER: 'https://demo-issuer.example', RESCIND_MAX_EXPIRY: '1h', RESCIND_STORE_DIR: '.' }
  const read = readConfig({ ...Object.fromEntries(foreign), ...own, ...anyIssuer })
  if (!read.ok) throw new Error(read.mistakes.join('\n'))
  return read.config.nats
}
