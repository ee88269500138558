/**
 * Unpacks a block in Snappy's format (google/snappy, format_description.txt), which LevelDB packs its blocks with.
 * Throws a RangeError for bytes that are none.
 */
export function unpackSnappy(packed: Buffer): Buffer {
  const { value: length, next } = readVarint(packed, 0)
  const out = Buffer.alloc(length)
  let to = 0
  for (let at = next; at < packed.length; ) {
    const tag = packed.readUInt8(at)
    const element = (tag & 3) === 0 ? literalAt(packed, at, tag >> 2) : copyAt(packed, at, tag)
    const { size, offset } = element
    if (to + size > length || offset > to) throw new RangeError('beyond the block')
    // A copy may reach into what it writes itself: byte by byte.
    if (offset === 0) packed.copy(out, to, element.next - size, element.next)
    else for (let byte = 0; byte < size; byte += 1) out[to + byte] = out[to + byte - offset] as number
    to += size
    at = element.next
  }
  if (to !== length) throw new RangeError('not the whole block')
  return out
}

interface Element {
  readonly size: number
  /** How far back the bytes are copied from; 0 for those that stand here. */
  readonly offset: number
  readonly next: number
}

function literalAt(packed: Buffer, at: number, high: number): Element {
  const bytes = high < 60 ? 0 : high - 59
  const size = 1 + (bytes === 0 ? high : packed.readUIntLE(at + 1, bytes))
  const next = at + 1 + bytes + size
  if (next > packed.length) throw new RangeError('beyond the end')
  return { size, offset: 0, next }
}

function copyAt(packed: Buffer, at: number, tag: number): Element {
  if ((tag & 3) === 1) {
    const offset = ((tag >> 5) << 8) | packed.readUInt8(at + 1)
    return checked({ size: 4 + ((tag >> 2) & 7), offset, next: at + 2 })
  }
  const bytes = (tag & 3) === 2 ? 2 : 4
  return checked({ size: 1 + (tag >> 2), offset: packed.readUIntLE(at + 1, bytes), next: at + 1 + bytes })
}

function checked(copy: Element): Element {
  if (copy.offset === 0) throw new RangeError('a copy of nothing')
  return copy
}

/** A number of 7 bits a byte, the lowest first, and where it ends. Throws a RangeError at the end of the bytes. */
export function readVarint(bytes: Buffer, from: number): { readonly value: number; readonly next: number } {
  let value = 0
  let next = from
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes.readUInt8(next)
    next += 1
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, next }
    if (scale > 2 ** 49) throw new RangeError('too long a number')
  }
}
