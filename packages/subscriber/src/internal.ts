// For the publisher, which embeds the same replica as everyone and may look inside its own. Not for applications.
export type { EmbeddedReplica, EmbeddedReplicaOptions } from './embedded-replica.ts'
export { openEmbeddedReplica } from './open-replica.ts'
