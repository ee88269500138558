import type { Fault, History, Status } from '../oracle/history.ts'
import { LIVE_WITHIN_MS, recoveries } from '../oracle/recoveries.ts'
import { propagations } from './figures.ts'
import { dots, element, label } from './svg.ts'

const WIDTH = 960
const LEFT = 300
const RIGHT = 20
const ROW = 18
const GAP = 46
const COLORS = {
  live: '#2a9d5c',
  blind: '#e9a23b',
  starting: '#b9c0c8',
  fault: '#c8402f',
  dot: '#2b6cb0',
  line: '#8a929a',
}
/** What the logarithmic scale of propagation spans, in milliseconds. */
const DECADES = [0.1, 1, 10, 100, 1_000, 10_000] as const
const SCATTER_HEIGHT = 190

interface Frame {
  readonly history: History
  /** The place of a time. */
  x(ms: number): number
}

/** A run, drawn: the lives of its replicas, how long each revocation took, and how long each recovery. */
export function plot(history: History, span: { readonly startedMs: number; readonly endedMs: number }): string {
  const { startedMs, endedMs } = span
  const scale = (WIDTH - LEFT - RIGHT) / (endedMs - startedMs)
  const frame: Frame = { history, x: (ms) => LEFT + (Math.min(Math.max(ms, startedMs), endedMs) - startedMs) * scale }
  const panels: string[] = []
  let y = 30
  for (const draw of [lives, scatter, recoveryBars]) {
    const { svg, height } = draw(frame, y)
    panels.push(svg)
    y += height + GAP
  }
  const content = [element('rect', { width: WIDTH, height: y, fill: '#fff' }), timeAxis(span, frame), ...panels].join(
    '\n',
  )
  const font = { 'font-family': 'system-ui, sans-serif', 'font-size': 12, fill: '#222' }
  return `${element('svg', { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${y}`, ...font }, content)}\n`
}

interface Panel {
  readonly svg: string
  readonly height: number
}

/** One row for each replica: live, blind (starting or stale), or not there; faults lie over the rows that they are of. */
function lives({ history, x }: Frame, top: number): Panel {
  const names = [...new Set(history.runs.map(({ replica }) => replica))].sort()
  const rowOf = (run: number) => top + names.indexOf(history.runs[run]?.replica ?? '') * ROW
  const bars = history.runs.flatMap((_, run) =>
    stretches(history.statuses.filter((status) => status.run === run)).map(({ state, fromMs, toMs }) => {
      const fill = state === 'live' ? COLORS.live : state === 'starting' ? COLORS.starting : COLORS.blind
      return element('rect', {
        x: x(fromMs),
        y: rowOf(run) + 3,
        width: Math.max(1, x(toMs) - x(fromMs)),
        height: ROW - 6,
        fill,
      })
    }),
  )
  const faults = history.faults.flatMap((fault, index) => faultBoxes(fault, index, rowOf, x))
  const named = names.map((name, row) => label(LEFT - 8, top + row * ROW + 13, name, 'end'))
  const title = label(
    LEFT,
    top - 8,
    'Replicas: live (green), stale (orange), starting (grey); faults are framed and numbered',
  )
  return { svg: [title, ...bars, ...named, ...faults].join('\n'), height: names.length * ROW }
}

function faultBoxes(
  { runs, beginningMs, endedMs }: Fault,
  index: number,
  rowOf: (run: number) => number,
  x: Frame['x'],
) {
  const width = Math.max(2, x(endedMs) - x(beginningMs))
  const frame = { x: x(beginningMs), width, height: ROW - 2, fill: 'none', stroke: COLORS.fault, 'stroke-width': 1.5 }
  return runs.flatMap((run) => [
    element('rect', { ...frame, y: rowOf(run) + 1 }),
    label(x(beginningMs) + 3, rowOf(run) + 13, `${index + 1}`),
  ])
}

/** Looks at the same state that follow one another, as one. */
function stretches(statuses: readonly Status[]): { state: string; fromMs: number; toMs: number }[] {
  const found: { state: string; fromMs: number; toMs: number }[] = []
  for (const { state, receivedMs } of [...statuses].sort((a, b) => a.receivedMs - b.receivedMs)) {
    const last = found.at(-1)
    // A process that did not answer for longer stood still, or was gone.
    const isNext = last && receivedMs - last.toMs < 1_000
    if (isNext) last.toMs = receivedMs
    if (!isNext || last.state !== state) found.push({ state, fromMs: receivedMs, toMs: receivedMs })
  }
  return found
}

/** Every timed revocation on every replica, on a logarithmic scale. */
function scatter({ history, x }: Frame, top: number): Panel {
  const [least, most] = [DECADES[0], DECADES[DECADES.length - 1] as number]
  const yOf = (ms: number) => {
    const share = Math.log(Math.min(Math.max(ms, least), most) / least) / Math.log(most / least)
    return top + SCATTER_HEIGHT * (1 - share)
  }
  const grid = DECADES.flatMap((ms) => [
    element('line', {
      x1: LEFT,
      x2: WIDTH - RIGHT,
      y1: yOf(ms),
      y2: yOf(ms),
      stroke: COLORS.line,
      'stroke-opacity': 0.3,
    }),
    label(LEFT - 8, yOf(ms) + 4, `${ms} ms`, 'end'),
  ])
  const all = propagations(history)
  const place = ({ sentMs, fromSending }: (typeof all)[number]) => [x(sentMs), yOf(fromSending)] as const
  const calm = dots(all.filter(({ inFault }) => !inFault).map(place), COLORS.dot)
  const hindered = dots(all.filter(({ inFault }) => inFault).map(place), COLORS.fault)
  const title = label(
    LEFT,
    top - 8,
    'From sending a revocation to its first refusal, each on each replica (red: while a fault was at work)',
  )
  return { svg: [title, ...grid, calm, hindered].join('\n'), height: SCATTER_HEIGHT }
}

/** The slowest replica of each start and fault, against the bound. */
function recoveryBars({ history }: Frame, top: number): Panel {
  const all = recoveries(history)
  const names = [...new Set(all.map(({ after }) => after))]
  const longest = Math.max(LIVE_WITHIN_MS * 1.1, ...all.map(({ tookMs }) => tookMs ?? 0))
  const xOf = (ms: number) => LEFT + (ms / longest) * (WIDTH - LEFT - RIGHT)
  const rows = names.flatMap((name, row) => {
    const took = all.filter(({ after }) => after === name).map(({ tookMs }) => tookMs ?? longest)
    const y = top + row * ROW
    const number = history.faults.findIndex((fault) => fault.name === name)
    return [
      label(LEFT - 8, y + 13, number < 0 ? name : `${number + 1}: ${name}`, 'end'),
      element('rect', {
        x: LEFT,
        y: y + 5,
        width: xOf(Math.max(...took)) - LEFT,
        height: ROW - 10,
        fill: COLORS.starting,
      }),
      dots(
        took.map((ms) => [xOf(ms), y + ROW / 2]),
        COLORS.dot,
      ),
    ]
  })
  const bottom = top + names.length * ROW
  const bound = element('line', {
    x1: xOf(LIVE_WITHIN_MS),
    x2: xOf(LIVE_WITHIN_MS),
    y1: top,
    y2: bottom,
    stroke: COLORS.fault,
  })
  const title = label(
    LEFT,
    top - 8,
    `From a start, or the end of a fault, to live; the line is ${LIVE_WITHIN_MS / 1_000} s`,
  )
  return { svg: [title, ...rows, bound].join('\n'), height: names.length * ROW }
}

function timeAxis({ startedMs, endedMs }: { startedMs: number; endedMs: number }, { history, x }: Frame): string {
  const everyMs = [5_000, 10_000, 30_000, 60_000, 300_000].find((ms) => (endedMs - startedMs) / ms <= 15) ?? 600_000
  const y = 30 + new Set(history.runs.map(({ replica }) => replica)).size * ROW + 14
  const ticks: string[] = []
  for (let ms = startedMs; ms <= endedMs; ms += everyMs)
    ticks.push(label(x(ms), y, `${(ms - startedMs) / 1_000} s`, 'middle'))
  return ticks.join('\n')
}
