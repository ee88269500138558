import { setImmediate as breath } from 'node:timers/promises'
import type { Cursor, Fact } from '@rescind/protocol'
import { MAX_AUDIT_IDS, STORE_BREATH_EVERY } from '../limits.ts'
import type { Draft } from './draft.ts'
import { addressOf, locationRow, rowOf, storedFactOf } from './fact-codec.ts'
import { factRecordKey, indexFact } from './fact-records.ts'
import { FrameCounts } from './frame-counts.ts'
import { auditKey, frameKey, NEWEST, waitingKey } from './keys.ts'
import { answerKey, framePartKey, frameParts, waitingPartKey, waitingParts } from './request-records.ts'
import type { Change, LocatedFrame, Waiting } from './store.ts'
import { requestKeysIn, waitingRow } from './waiting-records.ts'

/** What a change needs to know beside itself. */
export interface ChangeContext {
  /** Number of the change: makes the keys of its audit entries unique. */
  readonly number: number
  /** Addresses of the Issuer facts of one issuer, as they stood before the change. */
  readonly issuerFacts: (iss: string) => Promise<readonly Buffer[]>
  /** True if no group of this order was ever there. Asked once for each group, in the order of the changes. */
  readonly isNewOrder: (order: number) => boolean
  /** True if all of them are newer than every fact that was ever there. Asked once for each frame, in the order of the changes. */
  readonly areNewer: (facts: readonly Fact[]) => boolean
  /** Told of each fact that comes or goes. */
  readonly onFact: (fact: Fact, present: boolean) => void
}

/** Puts a change into a draft. */
export async function applyChange(draft: Draft, change: Change, context: ChangeContext): Promise<void> {
  const { keep = [], done = [], answers = [], audit = [] } = change
  const auditKeys = audit.map((entry, at) => auditKey(entry.timeMs, context.number, at))
  // Each has the number of this change in it.
  draft.assumeAbsent(auditKeys)
  for (const group of keep) {
    if (!context.isNewOrder(group.order)) continue
    draft.assumeAbsent([waitingKey(group.order), ...partKeysOf(group)])
  }
  await draft.load([...keep.map(({ order }) => waitingKey(order)), ...done.map(waitingKey), ...answers.map(answerKey)])
  for (const order of done) await removeGroup(draft, order)
  for (const group of keep) await keepGroup(draft, group)
  if (change.frame) await applyFrame(draft, change.frame, context)
  for (const answer of answers) {
    const { key, body, status, payload, answeredAtMs } = answer
    draft.put(answerKey(answer), [key, body, status, payload, answeredAtMs])
  }
  audit.forEach((entry, at) => {
    draft.put(auditKeys[at] as Buffer, { ...entry, ids: entry.ids.slice(0, MAX_AUDIT_IDS) })
  })
}

/** A group, and what it says of the requests behind it until a frame says it. */
async function keepGroup(draft: Draft, group: Waiting): Promise<void> {
  await removeGroup(draft, group.order)
  const parts = waitingParts(group)
  await draft.load(parts.map(({ key }) => waitingPartKey(key, group.order)))
  for (const { key, row } of parts) draft.put(waitingPartKey(key, group.order), row)
  draft.put(waitingKey(group.order), waitingRow(group))
}

function partKeysOf(group: Waiting): readonly Buffer[] {
  return group.requests.map(({ key }) => waitingPartKey(key, group.order))
}

async function removeGroup(draft: Draft, order: number): Promise<void> {
  const record = draft.get(waitingKey(order))
  if (record === undefined) return
  const keys = requestKeysIn(record).map((key) => waitingPartKey(key, order))
  await draft.load(keys)
  for (const key of keys) draft.remove(key)
  draft.remove(waitingKey(order))
}

/** R9: the facts of a frame join those that are there; one that was seen before moves to the newer frame. */
async function applyFrame(draft: Draft, frame: LocatedFrame, context: ChangeContext): Promise<void> {
  const { cursor, storedAtMs, own } = frame
  const counts = new FrameCounts(draft)
  const facts = await undominated(draft, frame, counts, context)
  const parts = frameParts(frame)
  // A fact's address begins with its time.
  if (context.areNewer(frame.facts)) draft.assumeAbsent(facts.map(({ key }) => key))
  await draft.load([
    NEWEST,
    frameKey(cursor.epoch, cursor.seq),
    ...facts.map(({ key }) => key),
    ...parts.map(({ key }) => framePartKey(key, cursor)),
  ])
  const location = JSON.stringify(locationRow({ epoch: cursor.epoch, seq: cursor.seq, storedAtMs, own }))
  for (const [at, { fact, text, address, key }] of facts.entries()) {
    if (at > 0 && at % STORE_BREATH_EVERY === 0) await breath()
    const known = draft.get(key)
    if (known === undefined) {
      indexFact(draft, fact, address, true)
      context.onFact(fact, true)
    } else {
      const { epoch, seq } = storedFactOf(known).location
      if (epoch === cursor.epoch && seq >= cursor.seq) continue
      counts.leave(epoch, seq)
    }
    draft.putText(key, `[${text},${location}]`)
    counts.join(cursor.epoch, cursor.seq)
  }
  await counts.write(cursor)
  for (const part of parts) draft.put(framePartKey(part.key, cursor), part.row)
  moveNewest(draft, cursor)
}

interface Addressed {
  readonly fact: Fact
  /** Its row, as JSON. */
  readonly text: string
  readonly address: Buffer
  /** Of its record. */
  readonly key: Buffer
}

/** The facts of a frame, without Issuer facts that an equally new or newer one stands above; those below a newer one leave. */
async function undominated(
  draft: Draft,
  frame: LocatedFrame,
  counts: FrameCounts,
  context: ChangeContext,
): Promise<Addressed[]> {
  const kept: Addressed[] = []
  for (const [at, fact] of frame.facts.entries()) {
    if (at > 0 && at % STORE_BREATH_EVERY === 0) await breath()
    if (fact.kind === 'issuer' && !(await isNewest(draft, fact, counts, context))) continue
    const text = JSON.stringify(rowOf(fact))
    const address = addressOf(fact, text)
    kept.push({ fact, text, address, key: factRecordKey(address) })
  }
  return kept
}

async function isNewest(
  draft: Draft,
  issuer: Extract<Fact, { kind: 'issuer' }>,
  counts: FrameCounts,
  context: ChangeContext,
): Promise<boolean> {
  const known = await context.issuerFacts(issuer.iss)
  await draft.load(known.map(factRecordKey))
  for (const address of known) {
    const key = factRecordKey(address)
    const record = draft.get(key)
    if (record === undefined) continue
    const { fact, location } = storedFactOf(record)
    // Equal in time but not in content: both stay, and whoever reads them joins them (R9).
    if (fact.atMs > issuer.atMs) return false
    if (fact.kind !== 'issuer' || fact.iss !== issuer.iss || fact.atMs === issuer.atMs) continue
    draft.remove(key)
    indexFact(draft, fact, address, false)
    context.onFact(fact, false)
    counts.leave(location.epoch, location.seq)
  }
  return true
}

/** A frame of another epoch is newer than all before: the reader follows one epoch at a time. */
function moveNewest(draft: Draft, cursor: Cursor): void {
  const newest = draft.get(NEWEST) as [string, number, string] | undefined
  if (newest && newest[0] === cursor.epoch && newest[1] >= cursor.seq) return
  draft.put(NEWEST, [cursor.epoch, cursor.seq, cursor.frameId])
}
