import { type CrashResult, crashLoop, type Point } from './crash-loop.ts'
import type { Part, PartContext } from './part.ts'

const SIDE_BY_SIDE = 2

const WHERE: Readonly<Record<Point, string>> = {
  recording: 'before the fsync',
  recorded: 'after the fsync, before the append',
  appending: 'in the stream, before the acknowledgement',
  acknowledged: 'after the acknowledgement, before the answer',
  broker: 'the broker',
  both: 'the publisher at one of these, and the broker',
}

/** Kills the publisher at each named point, the broker, and both, with load running. */
export const crash: Part = async (context) => {
  const { points } = context
  const waiting = [...points]
  const results: CrashResult[] = []
  const work = async () => {
    for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
      results.push(await crashLoop({ ...context, random: context.random.fork(), point }))
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  results.sort((a, b) => points.indexOf(a.point) - points.indexOf(b.point))
  const rows = results.map((one) => [
    `${one.point}: ${WHERE[one.point]}`,
    ...[one.hits, one.notInStream, one.missed].map(String),
    ...[one.requests, one.facts, one.broadcast, one.recorded, one.refused, one.inDoubt, one.repeated, one.lifts].map(
      String,
    ),
    (one.tookMs / 1_000).toFixed(0),
  ])
  return {
    title: 'kill -9 at each named point',
    text: text(context),
    tables: [
      {
        head: [
          'killed',
          'hits',
          'handed over only',
          'missed',
          'requests',
          'facts',
          '201',
          '202',
          'refused',
          'no answer',
          'repeated',
          'lifts',
          's',
        ],
        rows,
      },
    ],
    figures: results.map(({ violations, ...figures }) => ({ ...figures, violations: violations.length })),
    violations: results.flatMap(({ violations }) => violations),
  }
}

function text({ hits }: PartContext): string[] {
  return [
    `At least ${hits} hits at each point. A hit counts if the process wrote down where it was before it killed itself there; for`,
    '`appending`, if its frame lies in the stream besides. "Handed over only": it died with the frame handed to the NATS client, and',
    'the frame never got there. "Missed": a life that ended without reaching its point.',
  ]
}
