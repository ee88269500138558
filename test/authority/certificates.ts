import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of a certificate and its key, in PEM. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** A certificate authority of a test's own: node has no way to make a certificate, so this writes DER (RFC 5280). */
export class Authority {
  readonly #folder: string
  readonly #name: string
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  /** Its own certificate. */
  readonly cert: string

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
    this.#name = name
    const basic = extension('2.5.29.19', true, sequence(tagged(0x01, Buffer.from([0xff]))))
    this.cert = this.#write(`${name}.pem`, certificate(name, this.#keys.publicKey, [basic], this.#issuer))
  }

  /** A certificate for these addresses (`127.0.0.1`) and names (`localhost`), or for a client if there are none. */
  issue(name: string, addresses: readonly string[] = []): CertificateFiles {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const names = addresses.map(generalName)
    const extensions = names.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...names))]
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    return {
      cert: this.#write(`${name}.pem`, certificate(name, publicKey, extensions, this.#issuer)),
      key: this.#write(`${name}.key`, pem),
    }
  }

  get #issuer() {
    return { name: this.#name, key: this.#keys.privateKey }
  }

  #write(file: string, content: string): string {
    const path = join(this.#folder, file)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
}

function certificate(
  subject: string,
  publicKey: KeyObject,
  extensions: readonly Buffer[],
  issuer: { readonly name: string; readonly key: KeyObject },
): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')) // ecdsa-with-SHA256
  const day = 86_400_000
  const content = sequence(
    tagged(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    algorithm,
    commonName(issuer.name),
    sequence(utcTime(Date.now() - day), utcTime(Date.now() + day)),
    commonName(subject),
    publicKey.export({ format: 'der', type: 'spki' }),
    ...(extensions.length === 0 ? [] : [tagged(0xa3, sequence(...extensions))]),
  )
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, issuer.key)])
  const der = sequence(content, algorithm, tagged(0x03, signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Buffer[]) => tagged(0x30, Buffer.concat(parts))
const integer = (bytes: Buffer) => tagged(0x02, bytes)

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return tagged(0x06, Buffer.from([first * 40 + second, ...bytes]))
}

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(oid('2.5.4.3'), tagged(0x0c, Buffer.from(name)))))
}

function utcTime(ms: number): Buffer {
  const [, text = ''] = /^\d\d(.*)\.\d+Z$/.exec(new Date(ms).toISOString()) ?? []
  return tagged(0x17, Buffer.from(`${text.replace(/\D/g, '')}Z`))
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [tagged(0x01, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...flag, tagged(0x04, value))
}

function generalName(address: string): Buffer {
  const octets = address.split('.').map(Number)
  const isAddress = octets.length === 4 && octets.every((octet) => octet >= 0 && octet <= 255)
  return isAddress ? tagged(0x87, Buffer.from(octets)) : tagged(0x82, Buffer.from(address))
}
