import {
  byCodeUnits,
  type Fact,
  factFromWire,
  isClaimName,
  isPlainObject,
  limits,
  type Match,
  RescindError,
  type Shape,
} from '@rescind/protocol'
import { IMAGE_VERSION } from './image.ts'

/** What one line of an image says: the facts of one slot, its lift first, or an Issuer fact. */
export interface ImageFacts {
  readonly facts: readonly Fact[]
  readonly folded: boolean
}

/** Issuer and shape that the slots below stand under. */
interface Section {
  readonly iss: string
  readonly shape: Shape
}

/**
 * Reads an image line by line, of which nothing is trusted: each fact is checked as one in a frame is.
 * `ERR_IMAGE_MALFORMED` names the line; what was read before it stands, as any set of facts does (R9).
 */
export function* readImage(image: Uint8Array): Generator<ImageFacts, void> {
  let section: Section | undefined
  let slots = 0
  let number = 0
  let ended = false
  try {
    for (const line of linesOf(image)) {
      number++
      const parsed = parseLine(line)
      if (ended) throw new Error('something follows the end')
      if (number === 1) readVersion(parsed)
      else if (Array.isArray(parsed)) {
        yield readSlot(parsed, section)
        slots++
      } else if (!isPlainObject(parsed)) throw new Error('neither an object nor an array')
      else if (Object.hasOwn(parsed, 'kind')) yield { facts: [readFact(parsed, 'issuer')], folded: false }
      else if (Object.hasOwn(parsed, 'shape')) section = readSection(parsed)
      else if (parsed.end === slots && Object.keys(parsed).length === 1) ended = true
      else throw new Error('of no known kind, or an end that counts other slots than came')
    }
    if (!ended) throw new Error('the image is cut off')
  } catch (cause) {
    throw new RescindError('ERR_IMAGE_MALFORMED', `line ${number}: ${(cause as Error).message}`, { cause })
  }
}

function* linesOf(image: Uint8Array): Generator<Uint8Array, void> {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength)
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(10, start)
    const end = found < 0 ? bytes.length : found
    yield bytes.subarray(start, end)
    start = end + 1
  }
}

// Ill-formed UTF-8 is refused, not replaced: two values that differ in such bytes must not become one (R1).
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function parseLine(line: Uint8Array): unknown {
  if (line.length > limits.MAX_IMAGE_LINE_BYTES) throw new Error(`it has ${line.length} bytes`)
  return JSON.parse(UTF_8.decode(line))
}

function readVersion(parsed: unknown): void {
  if (!isPlainObject(parsed) || !Object.hasOwn(parsed, 'image')) throw new Error('not an image of Rescind')
  if (parsed.image !== IMAGE_VERSION || Object.keys(parsed).length !== 1) {
    throw new Error(`not of format version ${IMAGE_VERSION}, the one that this build reads`)
  }
}

/** The issuer is checked with every fact of the section; the names are checked here, since they become properties. */
function readSection(parsed: Record<string, unknown>): Section {
  const { iss, shape } = parsed
  if (Object.keys(parsed).length !== 2 || typeof iss !== 'string') throw new Error('not { iss, shape }')
  if (!Array.isArray(shape) || shape.length > limits.MAX_MATCH_CLAIMS) throw new Error('its shape is no list of names')
  for (const [index, name] of shape.entries()) {
    const inOrder = index === 0 || byCodeUnits(shape[index - 1], name) < 0
    if (typeof name !== 'string' || !isClaimName(name) || !inOrder)
      throw new Error('its shape is no sorted list of names')
  }
  return { iss, shape }
}

function readSlot(row: readonly unknown[], section: Section | undefined): ImageFacts {
  const [mode, values, facts, lift, folded] = row
  if (!section) throw new Error('a slot before any shape')
  if (row.length !== 5 || !Array.isArray(values) || !Array.isArray(facts) || (folded !== 0 && folded !== 1)) {
    throw new Error('not [mode, values, facts, lift, folded]')
  }
  if (facts.length > limits.MAX_FACTS_PER_KEY || (facts.length === 0 && lift === null)) {
    throw new Error('it holds nothing, or too much')
  }
  const match = matchOf(section.shape, values)
  const read = facts.map((fact) => readRevocation(section.iss, match, mode, fact))
  return { facts: lift === null ? read : [readLift(section.iss, match, mode, lift), ...read], folded: folded === 1 }
}

function matchOf(shape: Shape, values: readonly unknown[]): Match {
  if (values.length !== shape.length) throw new Error('not one value per name of its shape')
  const match: Record<string, unknown> = {}
  for (const [index, name] of shape.entries()) match[name] = values[index]
  return match as Match
}

// Ids and actors are not kept, but a fact is checked as a whole: it gets some.
const ANONYMOUS = { id: '-', actor: '' } as const

function readLift(iss: string, match: Match, mode: unknown, row: unknown): Fact {
  if (!Array.isArray(row) || row.length !== 2) throw new Error('its lift is not [atMs, expiresAtMs]')
  const [atMs, expiresAtMs] = row
  return readFact({ kind: 'lift', ...ANONYMOUS, iss, match, mode, atMs, expiresAtMs }, 'lift')
}

function readRevocation(iss: string, match: Match, mode: unknown, row: unknown): Fact {
  if (!Array.isArray(row) || row.length !== 5) {
    throw new Error('a fact is not [atMs, expiresAtMs, issuedBeforeMs, reason, except]')
  }
  const [atMs, expiresAtMs, issuedBeforeMs, reason, except] = row
  const wire: Record<string, unknown> = {
    kind: 'revocation',
    ...ANONYMOUS,
    iss,
    match,
    mode,
    reason,
    atMs,
    expiresAtMs,
  }
  if (issuedBeforeMs !== null) wire.issuedBeforeMs = issuedBeforeMs
  if (except !== null) wire.except = except
  return readFact(wire, 'revocation')
}

function readFact(wire: Record<string, unknown>, kind: Fact['kind']): Fact {
  const fact = wire.kind === kind ? factFromWire(wire) : `not of kind ${kind}`
  if (typeof fact === 'string') throw new Error(fact)
  return fact
}
