/** What may be shown in a text of an SVG. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** One element. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === 'number' ? round(value) : escapeText(value)}"`
  })
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`
}

/** A text at a place; `anchor` is `start`, `middle` or `end`. */
export function label(x: number, y: number, text: string, anchor = 'start'): string {
  return element('text', { x, y, 'text-anchor': anchor }, escapeText(text))
}

/** Many small dots in one element: a line of no length with round ends is one. */
export function dots(points: readonly (readonly [number, number])[], color: string): string {
  if (points.length === 0) return ''
  const d = points.map(([x, y]) => `M${round(x)} ${round(y)}h0`).join('')
  return element('path', { d, stroke: color, 'stroke-width': 4, 'stroke-linecap': 'round', 'stroke-opacity': 0.5 })
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
