import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { RunningParts } from './running-parts.ts'

/** The last line of an upload's answer. */
export interface UploadSummary {
  readonly type: string
  readonly state?: string
  readonly lines: number
  readonly recorded: number
  readonly detail?: string
  readonly receipt?: { readonly confirmed: readonly unknown[] }
}

/** Lines of one write: some 65 KB. */
const TOGETHER = 1_000

/** Revokes so many new subjects in one upload and waits for the receipt, as long as 30 s; resolves with its last line. */
export async function uploadLines(
  { deployment, keys, stop }: RunningParts,
  subjects: number,
  seed: number,
): Promise<UploadSummary> {
  const url = `${deployment.publisher.url}/v1/revocations?wait=enforced&timeoutMs=30000`
  const headers = { authorization: `Bearer ${keys.admin}`, 'content-type': 'application/x-ndjson' }
  const sent = request(url, { method: 'POST', headers, signal: stop })
  const last = new Promise<UploadSummary>((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (answer) => lastLine(answer).then(resolve, reject))
  })
  last.catch(() => undefined)
  for (let from = 0; from < subjects; from += TOGETHER) {
    const hasRoom = sent.write(lines(from, Math.min(subjects, from + TOGETHER), seed))
    if (!hasRoom) await Promise.race([once(sent, 'drain'), last])
  }
  sent.end()
  return last
}

async function lastLine(answer: IncomingMessage): Promise<UploadSummary> {
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text = (text + chunk).split('\n').slice(-2).join('\n')
  const line = text.trim().split('\n').at(-1) ?? ''
  const summary = JSON.parse(line) as UploadSummary
  if (summary.type !== 'summary') throw new Error(`the upload ended early: ${line}`)
  return summary
}

function lines(from: number, to: number, seed: number): string {
  const seeded = seed.toString(16).padStart(8, '0')
  let text = ''
  for (let n = from; n < to; n += 1) {
    text += `{"match":{"sub":"${seeded}-0000-4000-8000-${n.toString(16).padStart(12, '0')}"},"reason":"admin_revoked"}\n`
  }
  return text
}
