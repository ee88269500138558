import { randomBytes } from 'node:crypto'
import { isPlainObject } from '@rescind/protocol'
import type { LogIdentity } from './revocation-log.ts'

const VERSION = 1
const HEX_128 = /^[0-9a-f]{32}$/

/** A new log: random epoch, deployment and fingerprint key, 128 bits each. */
export function newIdentity(): LogIdentity {
  return { epoch: randomId(), deployment: randomId(), fingerprintKey: randomId() }
}

/** The same log in a new incarnation (R11): only the epoch differs. */
export function withNewEpoch(identity: LogIdentity): LogIdentity {
  return { ...identity, epoch: randomId() }
}

/** Writes an identity as the stream's description, which every server version gives back with the head. */
export function encodeDescription({ epoch, deployment, fingerprintKey }: LogIdentity): string {
  return JSON.stringify({ rescind: VERSION, epoch, deployment, fingerprintKey })
}

/** Reads a description of which nothing is trusted; undefined if it was not written by Rescind. */
export function decodeDescription(description: unknown): LogIdentity | undefined {
  if (typeof description !== 'string') return undefined
  let value: unknown
  try {
    value = JSON.parse(description)
  } catch {
    return undefined
  }
  if (!isPlainObject(value) || value.rescind !== VERSION) return undefined
  const { epoch, deployment, fingerprintKey } = value
  if (!isId(epoch) || !isId(deployment) || !isId(fingerprintKey)) return undefined
  return { epoch, deployment, fingerprintKey }
}

function randomId(): string {
  return randomBytes(16).toString('hex')
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && HEX_128.test(value)
}
