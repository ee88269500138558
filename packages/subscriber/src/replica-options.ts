import { limits, type Mistake, RescindError } from '@rescind/protocol'
import type { EmbeddedReplicaOptions } from './embedded-replica.ts'
import type { ReplicaOptions } from './replica-types.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** Every option there is: a misspelt one must not be passed over, least of all one about security. */
const KNOWN: Readonly<Record<keyof EmbeddedReplicaOptions, true>> = {
  log: true,
  snapshot: true,
  bootstrap: true,
  whenUnknown: true,
  issuer: true,
  unmanagedIssuers: true,
  waitUntilLive: true,
  staleAfterMs: true,
  proveEveryMs: true,
  name: true,
  signal: true,
  logger: true,
  clock: true,
  maxEntries: true,
  onApplied: true,
  onReplaced: true,
}

/** Checks options that may come from plain JavaScript; `ERR_INVALID_OPTION` names everything that is wrong with them. */
export function checkReplicaOptions(options: ReplicaOptions): void {
  const mistakes: Mistake[] = []
  const expect = (valid: boolean, option: string, detail: string): void => {
    if (!valid) mistakes.push({ pointer: `/${option}`, code: 'invalid_option', detail })
  }
  for (const option of Object.keys(options ?? {})) {
    expect(
      Object.hasOwn(KNOWN, option),
      option,
      `is no option; there are ${Object.keys(KNOWN).slice(0, 13).join(', ')}`,
    )
  }
  const { log, snapshot, bootstrap, whenUnknown, issuer, unmanagedIssuers, name } = options ?? {}
  const staleAfterMs = options?.staleAfterMs ?? limits.DEFAULT_STALE_AFTER_MS
  const proveEveryMs = options?.proveEveryMs ?? Math.min(limits.DEFAULT_PROVE_EVERY_MS, staleAfterMs / 2)
  expect(typeof log?.connect === 'function', 'log', 'is required: natsLog({ servers }) or memoryLog()')
  expect(
    whenUnknown === 'reject' || whenUnknown === 'accept',
    'whenUnknown',
    "is required, 'reject' or 'accept': what a request gets while revocations cannot be known",
  )
  expect([undefined, 'snapshot', 'log'].includes(bootstrap), 'bootstrap', "must be 'snapshot' or 'log'")
  expect(
    snapshot === undefined ? bootstrap === 'log' : typeof snapshot?.fetch === 'function',
    'snapshot',
    snapshot === undefined
      ? "is required: httpSnapshot(url), unless bootstrap: 'log' accepts the log alone"
      : 'must be what httpSnapshot(url) gives, or an object with such a fetch()',
  )
  expect(issuer === undefined || typeof issuer === 'string', 'issuer', 'must be a string')
  expect(
    unmanagedIssuers === undefined ||
      (Array.isArray(unmanagedIssuers) && unmanagedIssuers.every((iss) => typeof iss === 'string')),
    'unmanagedIssuers',
    'must be a list of strings',
  )
  expect(name === undefined || NAME.test(name), 'name', 'must be 1 to 64 of A-Z a-z 0-9 _ -')
  expect(staleAfterMs >= 1_000 && staleAfterMs <= limits.MAX_STALE_AFTER_MS, 'staleAfterMs', 'must be 1,000 to 600,000')
  expect(proveEveryMs >= 100 && proveEveryMs <= staleAfterMs / 2, 'proveEveryMs', 'must be 100 to half of staleAfterMs')
  if (mistakes.length === 0) return
  const detail = mistakes.map((mistake) => `${mistake.pointer.slice(1)} ${mistake.detail}`).join('; ')
  throw new RescindError('ERR_INVALID_OPTION', detail, { mistakes })
}
