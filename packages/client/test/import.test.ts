import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ImportEvent } from '../src/index.ts'
import { type Answerer, CURSOR, clientOf, problem, scripted } from './scripted-publisher.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }

async function all(events: AsyncIterable<ImportEvent>): Promise<ImportEvent[]> {
  const found: ImportEvent[] = []
  for await (const event of events) found.push(event)
  return found
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}

function summary(lines: number, more: object = {}): string {
  const counts = { lines, recorded: lines, repeated: 0, nothingToDo: 0, rejected: 0 }
  return line({ type: 'summary', state: 'broadcast', ...counts, cursor: CURSOR, ...more })
}

function rejected(number: number): string {
  const errors = [{ pointer: '/match', code: 'required', detail: 'is required' }]
  return line({ type: 'rejected', line: number, code: 'invalid_revocation', errors })
}

function progress(lines: number): string {
  return line({ type: 'progress', lines, recorded: lines, rejected: 0 })
}

/** Answers as lines come in, and ends with their number. */
const counting: Answerer = async (response, _, request) => {
  response.writeHead(200, NDJSON).flushHeaders()
  let text = ''
  for await (const chunk of request) {
    text += chunk
    response.write(progress(text.split('\n').length - 1))
  }
  response.end(summary(text.split('\n').length - 1))
}

function* subjects(count: number): Generator<object> {
  for (let number = 0; number < count; number += 1) yield { match: { sub: `user-${number}` } }
}

describe('importLines', () => {
  it('streams lines up and the answer down, at the same time', async (context) => {
    const publisher = await scripted(context, [counting], { unread: true })
    let goOn = (): void => {}
    const hasProgress = new Promise<void>((resolve) => {
      goOn = resolve
    })
    async function* source() {
      yield* subjects(20)
      yield '{"match":{"sub":"as a text"}}\n'
      // The rest is sent only when the first answer is here: neither waits for the end of the other.
      await hasProgress
      yield* subjects(1_000)
    }
    const events: ImportEvent[] = []
    for await (const event of clientOf(publisher).importLines(source(), { idempotencyKey: 'up' })) {
      if (event.type === 'progress') goOn()
      events.push(event)
    }
    const last = events.at(-1)
    assert.ok(last?.type === 'summary')
    assert.equal(last.lines, 1_021)
    assert.equal(publisher.heard[0]?.headers['content-type'], 'application/x-ndjson')
    assert.equal(publisher.heard[0]?.headers['idempotency-key'], 'up')
  })

  it('takes no more of its source than the connection takes', async (context) => {
    let taken = 0
    const publisher = await scripted(
      context,
      [
        (response) => {
          // Reads nothing: the buffers of the connection fill up, and no more is to be taken.
          response.writeHead(200, NDJSON).flushHeaders()
        },
      ],
      { unread: true },
    )
    let isLetGo = false
    async function* source() {
      try {
        for (const subject of subjects(10_000_000)) {
          taken += 1
          yield { ...subject, note: 'x'.repeat(1_000) }
        }
      } finally {
        isLetGo = true
      }
    }
    const abort = new AbortController()
    const uploading = all(clientOf(publisher).importLines(source(), { signal: abort.signal }))
    let before = -1
    while (taken === 0 || before !== taken) {
      before = taken
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    abort.abort(new Error('seen'))
    await assert.rejects(uploading, /seen/)
    while (!isLetGo) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.ok(taken < 100_000, `${taken} lines of 1 KB were taken`)
  })

  it('sends again under the same key after a cut, and tells each rejected line once', async (context) => {
    const publisher = await scripted(
      context,
      [
        (response, _, request) => {
          request.resume()
          response.writeHead(200, NDJSON)
          response.write(rejected(2) + progress(3), () => response.destroy())
        },
        (response, _, request) => {
          request.resume()
          // An end without a summary is a cut, too.
          response.writeHead(200, NDJSON).end(rejected(2) + rejected(4) + progress(5))
        },
        async (response, _, request) => {
          for await (const _chunk of request);
          response
            .writeHead(200, NDJSON)
            .end(rejected(2) + rejected(4) + summary(6, { rejected: 2, repeated: 4, recorded: 0 }))
        },
      ],
      { unread: true },
    )
    const events = await all(clientOf(publisher).importLines(() => subjects(6), { idempotencyKey: 'k' }))
    assert.deepEqual(
      events.map((event) => (event.type === 'rejected' ? event.line : event.type)),
      [2, 'progress', 'resumed', 4, 'progress', 'resumed', 'summary'],
    )
    assert.deepEqual(publisher.keys, ['k', 'k', 'k'])
  })

  it('does not go on for ever when nothing moves, and says how to go on', async (context) => {
    const publisher = await scripted(context, [(response) => void response.destroy()])
    const uploading = all(clientOf(publisher, { retries: 2 }).importLines([...subjects(3)], { idempotencyKey: 'k' }))
    await assert.rejects(uploading, (error: Error & { code: string; mayHaveBeenTaken: boolean }) => {
      assert.equal(error.code, 'network_error')
      assert.ok(error.mayHaveBeenTaken)
      assert.match(error.message, /send all of it again under the idempotency key k/)
      return true
    })
    assert.equal(publisher.heard.length, 3)
  })

  it('cannot repeat what can be read only once: says so, with the key', async (context) => {
    const publisher = await scripted(context, [(response) => void response.destroy()])
    async function* source() {
      yield* subjects(3)
    }
    await assert.rejects(
      all(clientOf(publisher).importLines(source())),
      /send all of it again under the idempotency key/,
    )
    assert.equal(publisher.heard.length, 1)
  })

  it('gives a refusal as it is, also if most is unsent, and the error of a source that breaks', async (context) => {
    const publisher = await scripted(context, [problem(401, 'invalid_credentials'), counting], { unread: true })
    const client = clientOf(publisher)
    await assert.rejects(all(client.importLines(() => subjects(200_000))), { code: 'invalid_credentials', status: 401 })
    async function* broken() {
      yield* subjects(10)
      throw new RangeError('the file is damaged')
    }
    await assert.rejects(all(client.importLines(broken)), RangeError)
    assert.ok(publisher.heard.length <= 2)
  })
})
