import { join } from 'node:path'
import { newKey, type StaticKey } from '../../services/publisher/src/keys.ts'
import { type DemoIssuer, MAX_EXPIRY } from './demo-issuer.ts'

/** One running part, as the walk-through shows it. */
export interface Part {
  readonly name: string
  /** Where it listens. */
  readonly url: string
  /** Of its own process; absent if it runs in ours. */
  readonly pid?: number
}

/** Rescind on this machine: a publisher, and sample APIs that each embed a replica. */
export interface Deployment {
  /** Every process, for the last line. Grows as replicas start. */
  readonly processes: readonly string[]
  readonly publisher: Part
  readonly replicas: readonly Part[]
  /** Starts one more sample API and resolves once it listens; it is ready later. */
  startReplica(name: string): Promise<Part>
  /** Resolves with what happened when something ended that nobody asked to end. */
  readonly broken: Promise<string>
}

/** The keys of one run: known to its own processes, and shown in the lines to paste. */
export interface DemoKeys {
  /** May revoke, lift and look. */
  readonly admin: string
  /** May read snapshots. */
  readonly replica: string
  /** What the publisher keeps of both. */
  readonly kept: readonly StaticKey[]
}

/** Makes the keys of one run. */
export function makeDemoKeys(): DemoKeys {
  const admin = newKey('demo-admin', ['revocations:write', 'revocations:read'])
  const replica = newKey('demo-replica', ['snapshot:read'])
  return { admin: admin.key, replica: replica.key, kept: [admin.kept, replica.kept] }
}

/** The publisher's environment, whatever log it gets. `folder`: where its Store goes, in a folder of its own. */
export function publisherEnvironment(issuer: DemoIssuer, keys: DemoKeys, folder: string): Record<string, string> {
  return {
    RESCIND_STORE_DIR: join(folder, 'store'),
    RESCIND_PORT: '0',
    RESCIND_ISSUER: issuer.iss,
    RESCIND_MAX_EXPIRY: MAX_EXPIRY,
    RESCIND_KEYS: JSON.stringify(keys.kept),
  }
}

/** A sample API's environment, whatever log it gets. */
export function sampleApiEnvironment(
  name: string,
  parts: { readonly issuer: DemoIssuer; readonly keys: DemoKeys; readonly publisher: Part },
): Record<string, string> {
  const { issuer, keys, publisher } = parts
  return {
    RESCIND_PORT: '0',
    RESCIND_NAME: name,
    RESCIND_SNAPSHOT_URL: `${publisher.url}/v1/snapshot`,
    RESCIND_SNAPSHOT_TOKEN: keys.replica,
    RESCIND_ISSUER: issuer.iss,
    RESCIND_AUDIENCE: issuer.audience,
    RESCIND_JWKS_URL: issuer.jwksUrl,
    RESCIND_MAX_EXPIRY: MAX_EXPIRY,
    RESCIND_WHEN_UNKNOWN: 'reject',
  }
}
