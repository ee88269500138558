import { type ClaimValue, encodeValue } from '@rescind/protocol'

/** The canonical encodings of some claim values, one after the other: what a slot is found by within its shape (R1). */
export function encodeValues(values: readonly ClaimValue[]): string {
  let text = ''
  for (const value of values) text += encodeValue(value)
  return text
}

/**
 * The same well-formed text in one piece. V8 keeps a concatenation as a tree of its parts, which costs a key that is held
 * for long three times its bytes.
 */
export function inOnePiece(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

/** The inverse of {@link encodeValues}. The text must come from there: every value says by itself where it ends. */
export function decodeValues(text: string): ClaimValue[] {
  const values: ClaimValue[] = []
  let position = 0
  while (position < text.length) {
    const { value, end } = decodeAt(text, position)
    values.push(value)
    position = end
  }
  return values
}

function decodeAt(text: string, start: number): { value: ClaimValue; end: number } {
  const type = text[start]
  if (type === 't' || type === 'f') return { value: type === 't', end: start + 1 }
  const mark = text.indexOf(type === 'i' ? ';' : ':', start)
  const number = Number(text.slice(start + 1, mark))
  if (type === 'i') return { value: number, end: mark + 1 }
  return { value: text.slice(mark + 1, mark + 1 + number), end: mark + 1 + number }
}
