import { checkName } from './checks.ts'
import { type NatsLogOptions, type NatsPublisherLogOptions, natsSettings } from './nats-options.ts'
import { NatsPublisherConnection } from './nats-publisher-connection.ts'
import { NatsReplicaConnection } from './nats-replica-connection.ts'
import type { PublisherLog, RevocationLog } from './revocation-log.ts'

/**
 * The revocation log on NATS JetStream, as replicas use it: it reads, follows and announces, with no more rights than
 * that. `ERR_INVALID_OPTION` at once if an option is out of range. A broker that is away or refuses the credentials is
 * sought again until the signal of `connect` fires; one that forbids the live subject is `ERR_LOG_MISCONFIGURED`.
 */
export function natsLog(options: NatsLogOptions): RevocationLog {
  const settings = natsSettings(options)
  return {
    async connect(options) {
      checkName(options.name)
      return NatsReplicaConnection.connect(settings, options)
    },
  }
}

/** The revocation log on NATS JetStream, as publishers use it: they make the stream, append to it and hear presence. */
export function natsPublisherLog(options: NatsPublisherLogOptions): PublisherLog {
  const settings = natsSettings(options)
  return {
    async connect(options) {
      checkName(options.name)
      return NatsPublisherConnection.connect(settings, options)
    },
  }
}
