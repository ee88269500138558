import { randomUUID } from 'node:crypto'
import type { Agent } from 'node:http'
import { request } from 'node:http'
import type { RunningParts } from './running-parts.ts'

/** What a request that waited for replicas was answered. */
export interface Waited {
  readonly state: string
  readonly confirmed: number
  /** Of those that are pending, fenced or unproved. */
  readonly others: string
  readonly ms: number
}

/** Revokes one new subject and waits for the receipt, as long as 30 s. */
export function postAndWait(agent: Agent, { deployment, keys }: RunningParts): Promise<Waited> {
  const body = JSON.stringify({ match: { sub: randomUUID() }, reason: 'admin_revoked' })
  const headers = {
    authorization: `Bearer ${keys.admin}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const url = `${deployment.publisher.url}/v1/revocations?wait=enforced&timeoutMs=30000`
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: 'POST', headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.once('end', () => {
        const ms = performance.now() - startedMs
        const { state, receipt, detail } = JSON.parse(Buffer.concat(parts).toString())
        if (receipt === undefined) reject(new Error(`the publisher answered ${answer.statusCode}: ${detail}`))
        else
          resolve({
            state,
            confirmed: receipt.confirmed.length,
            others: JSON.stringify({ ...receipt, confirmed: [] }),
            ms,
          })
      })
    })
    sent.once('error', reject).end(body)
  })
}

/** Waits until the publisher has listened for a full bound and knows so many replicas; rejects if it never does. */
export async function untilEnforced(agent: Agent, parts: RunningParts, replicas: number): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  for (;;) {
    const { state, confirmed } = await postAndWait(agent, parts)
    if (state === 'enforced' && confirmed === replicas) return
    if (performance.now() > deadlineMs) throw new Error(`${state}, ${confirmed} of ${replicas} replicas`)
  }
}

/** A share of sorted numbers, such as 0.99, with one digit. */
export function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1)
}
