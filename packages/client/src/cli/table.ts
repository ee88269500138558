import { plain } from './plain-text.ts'

/** Rows under a head, in columns as wide as what they hold. Everything in it is made plain text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => plain(cell)))
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => (row[column] ?? '').length)))
  return [head, ...cells].map((row) =>
    row
      .map((cell, column) => (column === head.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** Names and values, one pair a line. */
export function pairs(given: readonly (readonly [string, string | undefined])[]): string[] {
  const shown = given.filter((pair): pair is [string, string] => pair[1] !== undefined)
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`)
}
