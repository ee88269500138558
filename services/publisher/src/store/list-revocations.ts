import {
  type ClaimValue,
  encodeValue,
  type Match,
  type Mistake,
  RescindError,
  type Revocation,
} from '@rescind/protocol'
import { LISTED_SLICE, MAX_LIST_LOOKS } from '../limits.ts'
import { isLiftedAt, isRevocation } from './causes.ts'
import type { Database, Range } from './database.ts'
import { storedFactOf } from './fact-codec.ts'
import { factsAt } from './find-facts.ts'
import { ADDRESS_BYTES, claimPrefix, endOf, keyOf, timeBytes } from './keys.ts'
import { isUnexpired } from './log-order.ts'
import { unseal } from './sealed.ts'
import type { ListedRevocation, ListQuery, Page, StoredFact } from './store.ts'
import { addressIn, type Entry, slices } from './walk.ts'

/** One page of revocations, the newest first. `ERR_INVALID_INPUT` for a beginning that no page gave. */
export async function listRevocations(database: Database, query: ListQuery): Promise<Page> {
  const { walk, isIndex } = walkOf(query)
  const revocations: ListedRevocation[] = []
  let looked = 0
  for await (const slice of slices(database, walk, LISTED_SLICE)) {
    const facts = await factsOf(database, slice, isIndex)
    for (const [at, stored] of facts.entries()) {
      looked += 1
      const listed = stored && (await listedOf(database, stored, query))
      if (listed) revocations.push(listed)
      if (revocations.length < query.limit && looked < MAX_LIST_LOOKS) continue
      return { revocations, next: addressIn((slice[at] as Entry)[0]).toString('base64url') }
    }
  }
  return { revocations }
}

/** Where the facts lie that a query may want: under the rarest of its claims, or among all. */
function walkOf(query: ListQuery): { readonly walk: Range; readonly isIndex: boolean } {
  const { claims = {}, after, fromMs = 0, toMs } = query
  const rarest = rarestOf(claims)
  const prefix = rarest ? claimPrefix(...rarest) : keyOf('fact')
  const ends = [endOf(prefix)]
  if (toMs !== undefined) ends.push(Buffer.concat([prefix, timeBytes(toMs)]))
  if (after !== undefined) ends.push(Buffer.concat([prefix, addressOfPage(after)]))
  const lt = ends.reduce((least, end) => (end.compare(least) < 0 ? end : least))
  return { walk: { gte: Buffer.concat([prefix, timeBytes(fromMs)]), lt, reverse: true }, isIndex: rarest !== undefined }
}

/** Names whose values belong to few tokens come first: a tenant has many. */
function rarestOf(claims: Match): [string, ClaimValue] | undefined {
  const rank = (name: string) => [...RARE, name].indexOf(name)
  return Object.entries(claims).sort(([a], [b]) => rank(a) - rank(b))[0]
}

const RARE = ['jti', 'sid', 'sub', 'kid']

/** True for what can be the `next` of a page. */
export function isPageCursor(text: string): boolean {
  const address = Buffer.from(text, 'base64url')
  return address.length === ADDRESS_BYTES && address.toString('base64url') === text
}

function addressOfPage(after: string): Buffer {
  if (isPageCursor(after)) return Buffer.from(after, 'base64url')
  const mistake: Mistake = { pointer: '/cursor', code: 'invalid_cursor', detail: 'must be the "next" of a page' }
  throw new RescindError('ERR_INVALID_INPUT', 'the page does not begin where one ended', { mistakes: [mistake] })
}

async function factsOf(
  database: Database,
  slice: readonly Entry[],
  isIndex: boolean,
): Promise<readonly (StoredFact | undefined)[]> {
  if (!isIndex) return slice.map(([key, value]) => storedFactOf(unseal(key, value)))
  return await factsAt(
    database,
    slice.map(([key]) => addressIn(key)),
  )
}

/** The revocation with its state, if the query wants it. */
async function listedOf(
  database: Database,
  stored: StoredFact,
  query: ListQuery,
): Promise<ListedRevocation | undefined> {
  if (!isRevocation(stored) || !isWanted(stored.fact, query)) return undefined
  const state = await stateOf(database, stored, query.nowMs)
  return query.state === undefined || query.state === state ? { ...stored, state } : undefined
}

function isWanted(fact: Revocation, { iss, claims = {}, mode, reason, actor, fromMs, toMs }: ListQuery): boolean {
  return (
    (iss === undefined || fact.iss === iss) &&
    (mode === undefined || fact.mode === mode) &&
    (reason === undefined || fact.reason === reason) &&
    (actor === undefined || fact.actor === actor) &&
    (fromMs === undefined || fact.atMs >= fromMs) &&
    (toMs === undefined || fact.atMs < toMs) &&
    Object.entries(claims).every(([name, value]) => isClaimOf(fact.match, name, value))
  )
}

/** R1: compared by type and value. */
function isClaimOf(match: Match, name: string, value: ClaimValue): boolean {
  return Object.hasOwn(match, name) && encodeValue(match[name] as ClaimValue) === encodeValue(value)
}

async function stateOf(
  database: Database,
  stored: StoredFact & { readonly fact: Revocation },
  nowMs: number,
): Promise<ListedRevocation['state']> {
  if (!isUnexpired(stored, nowMs)) return 'expired'
  return (await isLiftedAt(database, stored.fact, nowMs)) ? 'lifted' : 'live'
}
