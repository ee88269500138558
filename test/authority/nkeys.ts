import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'

/** An nkey as NATS has them: Ed25519, written in base32 with a role and a checksum. A witness of the tests' own. */
export interface Nkey {
  /** `U…`, `A…` or `O…`: what a broker is told. */
  readonly publicKey: string
  /** `SU…`, `SA…` or `SO…`: the secret. */
  readonly seed: string
  sign(bytes: Uint8Array): Buffer
}

/** The first letter of what is written in base32 stands in the first five bits of the first byte. */
const ROLES = { user: 20 << 3, account: 0 << 3, operator: 14 << 3 } as const
const SEED = 18 << 3

/** A new key pair. */
export function newNkey(role: keyof typeof ROLES): Nkey {
  return nkeyOf(ROLES[role], randomBytes(32))
}

/** The key pair that a seed holds. */
export function nkeyFromSeed(seed: string): Nkey {
  const bytes = fromBase32(seed)
  const [first = 0, second = 0] = bytes
  return nkeyOf(((first & 7) << 5) | (second >> 3), bytes.subarray(2, 34))
}

function nkeyOf(role: number, secret: Buffer): Nkey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, secret]), format: 'der', type: 'pkcs8' })
  return {
    publicKey: written(Buffer.concat([Buffer.from([role]), publicBytes(key)])),
    seed: written(Buffer.concat([Buffer.from([SEED | (role >> 5), (role & 31) << 3]), secret])),
    sign: (bytes) => sign(null, bytes, key),
  }
}

/** The fixed head of an Ed25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

function publicBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
}

/** With the checksum at its end, in base32. */
function written(bytes: Buffer): string {
  const checksum = Buffer.alloc(2)
  checksum.writeUInt16LE(crc16(bytes))
  return toBase32(Buffer.concat([bytes, checksum]))
}

/** CRC-16/XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
}

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
