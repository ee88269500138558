import type { FrameRequest } from '@rescind/protocol'
import { type FactRow, factOf, rowOf } from './fact-codec.ts'
import type { Waiting } from './store.ts'

type RequestRow = readonly [key: string, body: string, from: number, count: number]

/** A group that waits, as JSON. */
export function waitingRow({ order, frameId, facts, fixed, requests, recordedAtMs }: Waiting): readonly unknown[] {
  const requestRows = requests.map(({ key, body, from, count }): RequestRow => [key, body, from, count])
  return [order, recordedAtMs, fixed, requestRows, facts.map(rowOf), frameId]
}

/** Reads a group again. */
export function waitingOf(json: unknown): Waiting {
  type Row = [number, number, number[], RequestRow[], FactRow[], string]
  const [order, recordedAtMs, fixed, requestRows, factRows, frameId] = json as Row
  const requests = requestRows.map(([key, body, from, count]): FrameRequest => ({ key, body, from, count }))
  return { order, frameId, facts: factRows.map(factOf), fixed, requests, recordedAtMs }
}

/** The idempotency keys' hashes in the JSON of a group; the facts in it are not read. */
export function requestKeysIn(json: unknown): readonly string[] {
  const [, , , requestRows] = json as readonly [number, number, number[], readonly RequestRow[]]
  return requestRows.map(([key]) => key)
}
