import {
  type CheckContext,
  encodeValue,
  isClaimValue,
  issuedByCutoff,
  issuerOf,
  keyIdOf,
  limits,
  type Mode,
  numericClaim,
  outlivesFacts,
  type Reason,
  type UnknownCause,
  type Verdict,
  type VerifiedToken,
} from '@rescind/protocol'
import { isExcepted } from './exceptions.ts'
import type { Kept } from './kept-facts.ts'
import { probe } from './probe.ts'
import type { ShapeSlots } from './shape-slots.ts'
import type { Slot } from './slot.ts'
import type { IssuerShelf, SlotTable } from './slot-table.ts'

const ACTIVE: Verdict = { kind: 'active' }

/** A token on its way through one check: its claims read once, and never anything but an object. */
interface Bearer {
  readonly payload: Readonly<Record<string, unknown>>
  readonly iat: number | undefined
  readonly key: { readonly header: boolean; readonly kid: string | undefined }
  readonly nowMs: number
}

/**
 * R18 for the facts alone, total (R21). Claims that throw when they are read are beyond what can be looked at: `bounds`.
 * The token must be verified (R8).
 */
export function check(table: SlotTable, token: VerifiedToken, context: CheckContext): Verdict {
  try {
    return judge(table, token, context)
  } catch {
    return unknown('bounds')
  }
}

function judge(table: SlotTable, token: VerifiedToken, context: CheckContext): Verdict {
  const payload = claimsOf(token)
  const iss = issuerOf(payload, context.issuer)
  if (iss === undefined) return unknown('no_issuer')
  const shelf = table.shelf(iss)
  const bearer: Bearer = { payload, iat: numericClaim(payload, 'iat'), key: keyIdOf(token), nowMs: context.nowMs }
  const found = shelf ? search(shelf, bearer) : { noHeader: false, bounds: false }
  if ('kind' in found) return found
  // In the order of UNKNOWN_CAUSES: the first that holds is named.
  if (!shelf?.issuer && !context.unmanagedIssuers?.has(iss)) return unknown('unmanaged_issuer')
  if (shelf?.issuer && outlivesFacts(payload, shelf.issuer.maxExpiryMs)) return unknown('outlives_facts')
  if (found.noHeader) return unknown('no_header')
  if (found.bounds) return unknown('bounds')
  return ACTIVE
}

/** Looks through all shapes of an issuer: a fact that revokes ends the search (R6), doubts are only noted. */
function search(shelf: IssuerShelf, bearer: Bearer): Verdict | { noHeader: boolean; bounds: boolean } {
  let noHeader = false
  let bounds = false
  for (const shape of shelf.shapes.values()) {
    if (shape.revocations === 0) continue
    if (shape.namesKey) {
      const found = searchKeys(shape, bearer)
      if (found === 'beyond') bounds = true
      else if (found) return found
      noHeader ||= !bearer.key.header && shape.hasLive(bearer.nowMs)
    } else {
      const { keys, beyond } = probe(shape.names, bearer.payload)
      for (const key of keys) {
        const revoked = lookUp(shape, key, bearer)
        if (revoked) return revoked
      }
      bounds ||= beyond && shape.hasLive(bearer.nowMs)
    }
  }
  return { noHeader, bounds }
}

/**
 * R5: the key by its id; without a string `kid` in the header, every key that is revoked: nearly always the first one.
 * Among thousands that have expired and that no sweep has met, one slice is looked at (R2).
 */
function searchKeys(shape: ShapeSlots, bearer: Bearer): Verdict | 'beyond' | undefined {
  const { header, kid } = bearer.key
  if (!header) return undefined
  if (kid !== undefined) return isClaimValue(kid) ? lookUp(shape, encodeValue(kid), bearer) : undefined
  let looked = 0
  for (const mode of ['block', 'cutoff'] as const) {
    for (const slot of shape[mode].values()) {
      const fact = revokingIn(slot, bearer)
      if (fact) return revoked(fact.reason, mode, shape)
      if (++looked >= limits.SLICE_ENTRIES) return shape.hasLive(bearer.nowMs) ? 'beyond' : undefined
    }
  }
  return undefined
}

function lookUp(shape: ShapeSlots, key: string, bearer: Bearer): Verdict | undefined {
  for (const mode of ['block', 'cutoff'] as const) {
    const fact = revokingIn(shape[mode].get(key), bearer)
    if (fact) return revoked(fact.reason, mode, shape)
  }
  return undefined
}

/** A fact on a key that the token carries and that revokes it: R13, R4, R7. A block's cut is Infinity. */
function revokingIn(slot: Slot | undefined, { payload, iat, nowMs }: Bearer): Kept | undefined {
  return slot?.facts.find(
    (fact) => nowMs < fact.expiresAtMs && issuedByCutoff(iat, fact.cutMs) && !isExcepted(fact.except, payload),
  )
}

/** Callers in plain JavaScript pass anything (R21). What is no object carries no claims. */
function claimsOf(token: VerifiedToken): Readonly<Record<string, unknown>> {
  const payload: unknown = token?.payload
  return typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : {}
}

function revoked(reason: Reason, mode: Mode, shape: ShapeSlots): Verdict {
  return { kind: 'revoked', reason, mode, claims: shape.names }
}

function unknown(cause: UnknownCause): Verdict {
  return { kind: 'unknown', cause }
}
