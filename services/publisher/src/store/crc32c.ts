/** Tables for four bytes at a time: the first is the usual one, each other takes a byte one place further. */
const TABLES = [0, 1, 2, 3].map(() => new Uint32Array(256)) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
const [T0, T1, T2, T3] = TABLES
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  T0[byte] = crc
}
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byteOf(T0, byte)
  for (const table of [T1, T2, T3]) {
    crc = (crc >>> 8) ^ byteOf(T0, crc & 0xff)
    table[byte] = crc
  }
}

function byteOf(table: Uint32Array, byte: number): number {
  return table[byte] as number
}

/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes` from `from` to `to` (excluded). LevelDB's files use it; `node:zlib`
 * has only the other polynomial.
 */
export function crc32c(bytes: Buffer, from: number, to: number): number {
  let crc = 0xffffffff
  let at = from
  for (; at + 4 <= to; at += 4) {
    crc ^= bytes.readInt32LE(at)
    crc =
      byteOf(T3, crc & 0xff) ^ byteOf(T2, (crc >>> 8) & 0xff) ^ byteOf(T1, (crc >>> 16) & 0xff) ^ byteOf(T0, crc >>> 24)
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ byteOf(T0, (crc ^ (bytes[at] as number)) & 0xff)
  return (crc ^ 0xffffffff) >>> 0
}

/** How LevelDB writes a CRC-32C down: rotated and moved, since the CRC of bytes that hold a CRC is a weak one. */
export function maskedCrc32c(bytes: Buffer, from: number, to: number): number {
  const crc = crc32c(bytes, from, to)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
