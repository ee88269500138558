import { type FactRow, factOf, rowOf } from './fact-codec.ts'
import type { FrameRequest, Sending, Waiting } from './store.ts'

type RequestRow = readonly [key: string, body: string, from: number, count: number]

/** A group that waits, as JSON. */
export function waitingRow({ order, facts, fixed, requests, recordedAtMs }: Waiting): readonly unknown[] {
  const requestRows = requests.map(({ key, body, from, count }): RequestRow => [key, body, from, count])
  return [order, recordedAtMs, fixed, requestRows, facts.map(rowOf)]
}

/** Reads a group again. */
export function waitingOf(json: unknown): Waiting {
  type Row = [number, number, number[], RequestRow[], FactRow[]]
  const [order, recordedAtMs, fixed, requestRows, factRows] = json as Row
  const requests = requestRows.map(([key, body, from, count]): FrameRequest => ({ key, body, from, count }))
  return { order, facts: factRows.map(factOf), fixed, requests, recordedAtMs }
}

/** The frame under way, as JSON. */
export function sendingRow({ frameId, epoch, version, atMs, from, to }: Sending): readonly unknown[] {
  return [frameId, epoch, version, atMs, from, to]
}

/** Reads the frame under way again. */
export function sendingOf(json: unknown): Sending {
  const [frameId, epoch, version, atMs, from, to] = json as [string, string, number, number, number, number]
  return { frameId, epoch, version, atMs, from, to }
}
