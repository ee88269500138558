import { maskedCrc32c } from './crc32c.ts'
import { readVarint, unpackSnappy } from './snappy.ts'

/** Where a block lies: its contents, without the five bytes behind them. */
interface Handle {
  readonly offset: number
  readonly size: number
}

const FOOTER = 48
/** Behind each block: how it is packed, and its checksum. */
const TRAILER = 5
const PACKED = 1
const MAGIC = Buffer.from('57fb808b247547db', 'hex')

/**
 * Looks at every byte of a table file of LevelDB (its doc/table_format.md): the blocks must lie end to end, each with its
 * checksum. LevelDB itself compares none while it reads. Returns what is wrong, if anything is.
 */
export function damageInTable(file: Buffer): string | undefined {
  if (file.length < FOOTER || !file.subarray(-8).equals(MAGIC)) return 'it has no footer'
  try {
    const footer = file.subarray(file.length - FOOTER)
    const meta = handleAt(footer, 0)
    const index = handleAt(footer, meta.next)
    const blocks = [...handlesIn(file, index), ...handlesIn(file, meta), meta, index]
    blocks.sort((a, b) => a.offset - b.offset)
    let end = 0
    for (const { offset, size } of blocks) {
      if (offset !== end) return `nothing is known of byte ${end}`
      end = offset + size + TRAILER
      if (!isWhole(file, { offset, size })) return `the block at ${offset} does not have its checksum`
    }
    return end === file.length - FOOTER ? undefined : 'its blocks do not fill it'
  } catch {
    return 'its index is no index'
  }
}

function isWhole(file: Buffer, { offset, size }: Handle): boolean {
  return file.readUInt32LE(offset + size + 1) === maskedCrc32c(file, offset, offset + size + 1)
}

/** The handles that a block of handles holds. Throws if it is none. */
function handlesIn(file: Buffer, handle: Handle): Handle[] {
  if (!isWhole(file, handle)) throw new RangeError('not whole')
  const { offset, size } = handle
  const contents = file.subarray(offset, offset + size)
  const block = file[offset + size] === PACKED ? unpackSnappy(contents) : contents
  // After the entries come the offsets of some of them, and how many.
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4)
  const handles: Handle[] = []
  for (let at = 0; at < end; ) {
    const shared = readVarint(block, at)
    const unshared = readVarint(block, shared.next)
    const length = readVarint(block, unshared.next)
    const from = length.next + unshared.value
    handles.push(handleAt(block, from))
    at = from + length.value
  }
  return handles
}

function handleAt(bytes: Buffer, at: number): Handle & { readonly next: number } {
  const offset = readVarint(bytes, at)
  const size = readVarint(bytes, offset.next)
  return { offset: offset.value, size: size.value, next: size.next }
}
