import { element, label } from '../scale/report/svg.ts'
import type { Plot, Series } from './question.ts'

const WIDTH = 860
const HEIGHT = 380
const LEFT = 80
const RIGHT = 30
const TOP = 50
const BOTTOM = 70
const COLORS = ['#2b6cb0', '#c8402f', '#2a9d5c', '#e9a23b']
const GREY = '#8a929a'

/** Lines over two axes, with a legend, as an SVG. */
export function plotOf({ title, x, y, series }: Plot): string {
  const points = series.flatMap((one) => one.points)
  const across = axisOf(
    points.map(([value]) => value),
    { from: LEFT, to: WIDTH - RIGHT, logarithmic: x.logarithmic ?? false },
  )
  const up = axisOf(
    points.map(([, value]) => value),
    { from: HEIGHT - BOTTOM, to: TOP, logarithmic: y.logarithmic ?? false },
  )
  const grid = [
    ...across.ticks.flatMap((value) => [
      line(across.at(value), TOP, across.at(value), HEIGHT - BOTTOM),
      label(across.at(value), HEIGHT - BOTTOM + 18, textOf(value), 'middle'),
    ]),
    ...up.ticks.flatMap((value) => [
      line(LEFT, up.at(value), WIDTH - RIGHT, up.at(value)),
      label(LEFT - 8, up.at(value) + 4, textOf(value), 'end'),
    ]),
  ]
  const content = [
    element('rect', { width: WIDTH, height: HEIGHT, fill: '#fff' }),
    label(LEFT, 24, title),
    label(LEFT - 8, TOP - 10, y.label, 'end'),
    label(WIDTH - RIGHT, HEIGHT - BOTTOM + 36, x.label, 'end'),
    ...grid,
    ...series.map((one, index) => drawn(one, colorOf(index), (px, py) => [across.at(px), up.at(py)])),
    ...series.map((one, index) => legend(one.name, index)),
  ]
  const font = { 'font-family': 'system-ui, sans-serif', 'font-size': 12, fill: '#222' }
  const frame = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, ...font }
  return `${element('svg', frame, content.join('\n'))}\n`
}

interface Axis {
  readonly ticks: readonly number[]
  at(value: number): number
}

function axisOf(
  values: readonly number[],
  { from, to, logarithmic }: { readonly from: number; readonly to: number; readonly logarithmic: boolean },
): Axis {
  const most = Math.max(...values, 1e-9)
  if (!logarithmic) {
    const step = stepOf(most)
    const top = Math.ceil(most / step) * step
    const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
    return { ticks, at: (value) => from + ((to - from) * value) / top }
  }
  const least = Math.min(...values.filter((value) => value > 0))
  const range = Math.log(most / least) || 1
  const ticks = [-2, -1, 0, 1, 2, 3, 4]
    .flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power))
    .filter((value) => value >= least && value <= most)
  return { ticks, at: (value) => from + ((to - from) * Math.log(Math.max(value, least) / least)) / range }
}

/** 1, 2 or 5 times a power of ten: four to nine steps up to `most`. */
function stepOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4))
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => most / step <= 9) ?? power * 10
}

function textOf(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return element('line', { x1, y1, x2, y2, stroke: GREY, 'stroke-opacity': 0.3 })
}

function drawn({ points }: Series, color: string, place: (x: number, y: number) => readonly [number, number]): string {
  const d = points.map(([x, y], index) => {
    const [px, py] = place(x, y)
    return `${index === 0 ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`
  })
  return element('path', { d: d.join(''), stroke: color, 'stroke-width': 2, fill: 'none' })
}

function legend(name: string, index: number): string {
  const x = LEFT + index * 280
  const y = HEIGHT - 16
  return [
    element('line', { x1: x, y1: y - 4, x2: x + 22, y2: y - 4, stroke: colorOf(index), 'stroke-width': 2 }),
    label(x + 28, y, name),
  ].join('\n')
}

function colorOf(index: number): string {
  return COLORS[index % COLORS.length] as string
}
