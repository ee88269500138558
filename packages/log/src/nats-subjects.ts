import type { NatsSubjects } from './nats-options.ts'

/** What subjects begin with unless somebody says otherwise. */
export const DEFAULT_PREFIX = 'rescind'

/**
 * The subjects of a log below a prefix of its own: two deployments in one account of the broker must not hear each other,
 * and a stream's name alone does not part them.
 */
export function subjectsBelow(prefix: string) {
  return {
    log: `${prefix}.log`,
    live: `${prefix}.live`,
    presence: `${prefix}.presence`,
    barrier: `${prefix}.barrier`,
    clock: `${prefix}.clock`,
  } satisfies NatsSubjects
}

/**
 * The subjects of an account that imports the log of another one, as `services/broker/accounts.conf` names them. There no
 * request can name a subject of the stream's own account as its reply, which NATS would not check.
 *
 * @param prefix what the subjects begin with; default `rescind`
 */
export function importedSubjects(prefix: string = DEFAULT_PREFIX): NatsSubjects {
  return {
    ...subjectsBelow(prefix),
    info: `${prefix}.read.info`,
    frame: `${prefix}.read.frame`,
    create: `${prefix}.write.create`,
    update: `${prefix}.write.update`,
  }
}
