import { join } from 'node:path'
import { HttpCaller } from '../load/http-caller.ts'
import type { Violation } from '../oracle/judge.ts'
import type { Patch } from '../site/programs.ts'
import { Site } from '../site/site.ts'
import { type AnswerOrder, ordersOf } from './fsync-order.ts'
import type { Part, PartContext } from './part.ts'
import { readStrace, straceTo } from './strace.ts'

/** The publisher as it would be if its Store never flushed. */
const NEVER_FLUSHED: Patch = {
  file: 'store/level-database.ts',
  from: 'await this.#level.batch(batch, { sync: durably })',
  to: 'await this.#level.batch(batch, { sync: false && durably })',
}

const ALONE = 30
const AT_ONCE = 20
const ROUNDS = 10

/** R12: no answer leaves before the flush of what it names has returned, as the kernel saw it. */
export const fsync: Part = async (context) => {
  const right = await watched(context, 'flushed')
  const wrong = await watched(context, 'never-flushed', [NEVER_FLUSHED])
  const violations: Violation[] = []
  const late = right.filter(({ order }) => order === 'late')
  for (const { ids, status } of late) violations.push({ rule: 'unflushed', detail: `${status}: ${ids[0]}` })
  const untraced = right.filter(({ order }) => order === 'untraced').length
  if (untraced > right.length / 50)
    violations.push({ rule: 'blind', detail: `no write was seen for ${untraced} answers` })
  if (right.length < ALONE + AT_ONCE)
    violations.push({ rule: 'blind', detail: `only ${right.length} answers were seen` })
  if (!wrong.some(({ order }) => order === 'late')) {
    violations.push({ rule: 'blind', detail: 'a publisher that never flushes was not found out' })
  }
  return {
    title: 'No answer before its fdatasync',
    text: [
      `Under \`strace -f\`: ${ALONE} requests alone, ${ROUNDS} times ${AT_ONCE} at once, and the same while the broker is away. An answer is right if`,
      'the `fdatasync` of the file that its facts were written to, begun after that write, had returned before the answer was',
      'handed to its socket. A copy of the publisher whose Store never flushes is held to the same, and must be found out.',
    ],
    tables: [
      {
        head: [
          'publisher',
          'answers',
          '201',
          '202',
          'right',
          'late',
          'untraced',
          'flushes',
          'least µs from flush to answer',
        ],
        rows: [rowOf('as it is', right), rowOf('never flushes', wrong)],
      },
    ],
    figures: { right: figuresOf(right), neverFlushed: figuresOf(wrong) },
    violations,
  }
}

async function watched(
  context: PartContext,
  name: string,
  patches: readonly Patch[] = [],
): Promise<readonly AnswerOrder[]> {
  const { programs, tell } = context
  const program = await programs.publisher(name, patches)
  const site = await Site.start({ ...context, program, folder: join(context.folder, name) })
  const file = join(site.folder, 'strace.txt')
  try {
    const publisher = site.addPublisher()
    await publisher.start({ under: straceTo(file) })
    await publisher.ready()
    const caller = new HttpCaller(publisher.url, site.admin)
    await ask(caller, 'there')
    await site.killBroker()
    await ask(caller, 'away')
    caller.close()
    await publisher.process.stop()
  } finally {
    await site.stop()
  }
  const orders = ordersOf(await readStrace(file))
  tell(`${name}: ${orders.length} answers, ${orders.filter(({ order }) => order === 'late').length} of them late`)
  return orders
}

async function ask(caller: HttpCaller, prefix: string): Promise<void> {
  const post = (jti: string) => caller.post('/v1/revocations', { match: { jti } })
  for (let number = 0; number < ALONE; number++) await post(`${prefix}-alone-${number}`)
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => post(`${prefix}-${round}-${number}`)))
  }
}

function figuresOf(orders: readonly AnswerOrder[]) {
  const count = (isSo: (one: AnswerOrder) => boolean) => orders.filter(isSo).length
  const after = orders.flatMap(({ afterUs }) => (afterUs === undefined ? [] : [afterUs]))
  return {
    answers: orders.length,
    broadcast: count(({ status }) => status === 201),
    recorded: count(({ status }) => status === 202),
    right: count(({ order }) => order === 'right'),
    late: count(({ order }) => order === 'late'),
    untraced: count(({ order }) => order === 'untraced'),
    flushes: new Set(orders.flatMap(({ flush }) => (flush === undefined ? [] : [flush]))).size,
    leastUs: after.length === 0 ? undefined : Math.min(...after),
  }
}

function rowOf(name: string, orders: readonly AnswerOrder[]): string[] {
  return [name, ...Object.values(figuresOf(orders)).map((value) => String(value ?? '–'))]
}
