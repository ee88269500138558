import { join } from 'node:path'
import type { Violation } from '../oracle/judge.ts'
import type { Patch } from '../site/programs.ts'
import { crashLoop, type Point } from './crash-loop.ts'
import type { Part } from './part.ts'

/** A publisher that is wrong, and where it has to be found out. */
interface Mutant {
  readonly name: string
  readonly what: string
  readonly point: Point
  readonly patches: readonly Patch[]
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'nothing-kept',
    what: 'nothing is written to the Store before the append: what a power cut leaves of a write without fsync',
    point: 'recorded',
    patches: [
      {
        file: 'outbox.ts',
        from: 'await store.write({ keep: [waitingOf(group)] }, { sync: true })',
        to: 'await store.write({}, { sync: true })',
      },
    ],
  },
  {
    name: 'done-too-soon',
    what: 'a group is done in the Store before its frame is applied',
    point: 'appending',
    patches: [
      {
        file: 'outbox.ts',
        from: '    const event = this.#takeFound(first)',
        to: '    await this.#parts.store.write({ done: [first.order] }, { sync: false })\n    const event = this.#takeFound(first)',
      },
    ],
  },
  {
    name: 'answered-too-soon',
    what: '`broadcast` is answered before the append',
    point: 'recorded',
    patches: [
      {
        file: 'outbox.ts',
        from: '    this.#waitingFacts += group.facts.length\n',
        to: `    this.#waitingFacts += group.facts.length
    for (const { submission } of group.owners) {
      const cursor = { epoch: '0'.repeat(32), seq: 1, frameId: group.frameId }
      submission.resolve({ state: 'broadcast', facts: submission.facts, cursor })
    }
`,
      },
    ],
  },
  {
    name: 'requests-forgotten',
    what: 'what waits on disk does not say which request it came from',
    point: 'recorded',
    patches: [
      {
        file: 'group.ts',
        from: 'return { order, frameId, facts, fixed, requests, recordedAtMs }',
        to: 'return { order, frameId, facts, fixed, requests: requests.slice(0, 0), recordedAtMs }',
      },
    ],
  },
  {
    name: 'only-the-first',
    what: 'of what waits on disk only the first is looked for in the log',
    point: 'acknowledged',
    patches: [
      {
        file: 'outbox.ts',
        from: 'for (const { order, frameId } of this.#window) this.#found',
        to: 'for (const { order, frameId } of this.#window.slice(0, 1)) this.#found',
      },
      {
        file: 'outbox.ts',
        from: 'this.#parts.store.write({ done: [group.order] }, { sync: false }).catch',
        to: 'Promise.resolve().catch',
      },
    ],
  },
]

const LIVES_PER_TRY = 6
const TRIES = 5

/** The crash loop on publishers that are wrong: a loop that could not turn red would show nothing. */
export const red: Part = async (context) => {
  const violations: Violation[] = []
  const rows: string[][] = []
  for (const { name, what, point, patches } of MUTANTS) {
    const program = await context.programs.publisher(name, patches)
    let found: readonly Violation[] = []
    let lives = 0
    for (let attempt = 1; attempt <= TRIES && found.length === 0; attempt++) {
      const folder = join(context.folder, `${name}-${attempt}`)
      const limits = { point, hits: LIVES_PER_TRY, lives: LIVES_PER_TRY, handedOverOnly: 1 }
      const own = { ...context, ...limits, random: context.random.fork(), folder, program, tell: () => {} }
      const result = await crashLoop(own)
      lives += result.lives
      found = result.violations
    }
    const rules = [...new Set(found.map(({ rule }) => rule))].join(', ')
    context.tell(`${name}: ${rules || 'not found out'}`)
    rows.push([what, point, String(lives), rules || '–'])
    if (found.length === 0) violations.push({ rule: 'blind', detail: `${what}: not found out in ${lives} lives` })
  }
  return {
    title: 'Publishers that are wrong are found out',
    text: ['The same loop, on copies of the publisher with one change each. Every one of them has to break a rule.'],
    tables: [{ head: ['what is wrong', 'killed at', 'lives', 'rules that it broke'], rows }],
    figures: rows.map(([what, point, lives, rules]) => ({ what, point, lives: Number(lives), rules })),
    violations,
  }
}
