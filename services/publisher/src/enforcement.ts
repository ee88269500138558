import type { Cursor, Mistake } from '@rescind/protocol'
import { limits } from '@rescind/protocol'
import type { FastifyRequest } from 'fastify'
import { DEFAULT_RECEIPT_WAIT_MS, MAX_RECEIPT_WAIT_MS, STALL_TIMEOUT_MS } from './limits.ts'
import { Problem } from './problems.ts'
import type { Receipt } from './receipt.ts'
import type { Receipts } from './receipts.ts'

/** What a request wishes to wait for: `?wait=enforced`. */
export interface WaitWish {
  /** Default 2,000. */
  readonly timeoutMs: number
  /** Default 1. */
  readonly minReplicas: number
}

/** An answer that says how far a frame has come. */
interface Answer {
  readonly state: string
  readonly cursor?: Cursor
}

/** What waiting adds to an answer. */
export interface Enforced {
  readonly state: 'enforced' | 'broadcast'
  readonly receipt: Receipt
}

/**
 * Reads what a request wishes to wait for, before anything is recorded; undefined if nothing. Throws a problem with all
 * mistakes. Its connection may be silent for as long as it waits.
 */
export function waitWish({ query, raw }: FastifyRequest): WaitWish | undefined {
  const given = query as Readonly<Record<string, unknown>>
  const mistakes = waitMistakes(given)
  if (mistakes.length > 0) {
    const details = mistakes.map(({ detail }) => detail).join('; ')
    throw new Problem('invalid_parameter', details, { errors: mistakes })
  }
  if (given.wait === undefined) return undefined
  const timeoutMs = Number(given.timeoutMs ?? DEFAULT_RECEIPT_WAIT_MS)
  // Node's own bound would cut the connection off just before the longest wait is over; the next request sets it again.
  raw.socket.setTimeout(timeoutMs + STALL_TIMEOUT_MS)
  return { timeoutMs, minReplicas: Number(given.minReplicas ?? 1) }
}

/** Waits as wished, and adds to the answer what came of it. What is not broadcast cannot be enforced: it stays as it is. */
export async function prove<T extends Answer>(
  answer: T,
  wish: WaitWish | undefined,
  receipts: Receipts,
): Promise<T | (Omit<T, 'state'> & Enforced)> {
  if (wish === undefined || answer.state !== 'broadcast' || answer.cursor === undefined) return answer
  const { enforced, receipt } = await receipts.confirm(answer.cursor, wish)
  return { ...answer, state: enforced ? 'enforced' : 'broadcast', receipt }
}

/** Whether a request only asks what it would do: `?dryRun=true`. Throws a problem with all mistakes of its parameters. */
export function isDryRun(request: FastifyRequest): boolean {
  if ((request.query as { readonly dryRun?: unknown }).dryRun === undefined) return false
  waitWish(request)
  return true
}

function waitMistakes({ wait, timeoutMs, minReplicas, dryRun }: Readonly<Record<string, unknown>>): Mistake[] {
  const mistakes: Mistake[] = []
  const mistake = (detail: string): void => {
    mistakes.push({ pointer: '', code: 'invalid_parameter', detail })
  }
  if (wait !== undefined && wait !== 'enforced') mistake('?wait is "enforced", or left out')
  if (timeoutMs !== undefined && !isWithin(timeoutMs, 0, MAX_RECEIPT_WAIT_MS)) {
    mistake(`?timeoutMs is 0 to ${MAX_RECEIPT_WAIT_MS}`)
  }
  if (minReplicas !== undefined && !isWithin(minReplicas, 1, limits.MAX_REPLICAS)) {
    mistake(`?minReplicas is 1 to ${limits.MAX_REPLICAS}`)
  }
  if (wait === undefined && (timeoutMs ?? minReplicas) !== undefined) {
    mistake('?timeoutMs and ?minReplicas mean something only with ?wait=enforced')
  }
  if (dryRun !== undefined && dryRun !== 'true') mistake('?dryRun is "true", or left out')
  if (dryRun !== undefined && wait !== undefined) mistake('?wait has nothing to wait for with ?dryRun')
  return mistakes
}

/** A whole number in plain digits; a parameter that is given twice is none. */
function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most
}
