import type { Cursor } from '@rescind/protocol'
import { UPLOAD_BODY } from '../upload-id.ts'
import { hashOf, numberBytes, requestPrefix } from './keys.ts'
import type { KeptAnswer, KnownRequest, LocatedFrame, Waiting } from './store.ts'

type AnswerRow = readonly [key: string, body: string, status: number, payload: string, answeredAtMs: number]
type PartRow = readonly [
  key: string,
  body: string,
  ids: readonly string[],
  epoch: string,
  seq: number,
  frameId: string,
  storedAtMs: number,
]

/** What one frame carries of one request. */
export interface FramePart {
  readonly key: string
  readonly row: PartRow
}

/** Key of the answer that a request got. */
export function answerKey({ key }: Pick<KeptAnswer, 'key'>): Buffer {
  return Buffer.concat([requestPrefix(key), Buffer.from('a')])
}

/** Key of what the frame at a cursor carries of a request. */
export function framePartKey(key: string, { epoch, seq }: Cursor): Buffer {
  return Buffer.concat([requestPrefix(key), Buffer.from('f'), hashOf(epoch), numberBytes(seq)])
}

/** Key of what a group that waits holds of a request. */
export function waitingPartKey(key: string, order: number): Buffer {
  return Buffer.concat([requestPrefix(key), Buffer.from('w'), numberBytes(order)])
}

/** What a group that waits holds of each request behind it: in no frame yet. */
export function waitingParts({ recordedAtMs, facts, requests }: Waiting): readonly FramePart[] {
  return frameParts({ cursor: { epoch: '', seq: 0, frameId: '' }, storedAtMs: recordedAtMs, facts, requests })
}

/** What a frame carries of each request it names; a request that it names twice is one. */
export function frameParts({ cursor, storedAtMs, facts, requests }: Omit<LocatedFrame, 'own'>): readonly FramePart[] {
  const found = new Map<string, { body: string; ids: string[] }>()
  for (const { key, body, from, count } of requests) {
    // Of an upload the first of each batch: it tells when the upload began, and the ids of its lines follow from that.
    const told = body === UPLOAD_BODY ? 1 : count
    const ids = facts.slice(from, from + told).flatMap((fact) => (fact.kind === 'issuer' ? [] : [fact.id]))
    const known = found.get(key)
    if (known) known.ids.push(...ids)
    else found.set(key, { body, ids })
  }
  const { epoch, seq, frameId } = cursor
  return [...found].map(([key, { body, ids }]) => ({ key, row: [key, body, ids, epoch, seq, frameId, storedAtMs] }))
}

/** When a record of a request was made, by the publisher's clock or the log's. */
export function requestTimeMs(json: unknown): number {
  return (json as AnswerRow | PartRow).at(-1) as number
}

/**
 * Joins what is known of one request. Records that another key's hash brought along, or that were made before `fromMs`,
 * do not count.
 *
 * @param maxIds ids of facts that are told.
 */
export function knownRequestOf(
  key: string,
  records: readonly unknown[],
  { fromMs, maxIds }: { readonly fromMs: number; readonly maxIds: number },
): KnownRequest | undefined {
  const rows = records.map((json) => json as AnswerRow | PartRow).filter((row) => row[0] === key)
  const kept = rows.filter((row) => requestTimeMs(row) >= fromMs)
  const answer = kept.find((row): row is AnswerRow => row.length === 5)
  const parts = kept.filter((row): row is PartRow => row.length === 7)
  parts.sort((a, b) => a[6] - b[6] || a[4] - b[4])
  const [first] = parts
  const body = answer?.[1] ?? first?.[1]
  if (body === undefined) return undefined
  // What waits is in no frame: all of it must be in one for there to be a cursor.
  const last = parts.some(([, , , epoch]) => epoch === '') ? undefined : parts.at(-1)
  return {
    body,
    ...(answer ? { answer: { status: answer[2], payload: answer[3] } } : {}),
    ids: [...new Set(parts.flatMap(([, , ids]) => ids))].slice(0, maxIds),
    ...(last ? { cursor: { epoch: last[3], seq: last[4], frameId: last[5] } } : {}),
  }
}
