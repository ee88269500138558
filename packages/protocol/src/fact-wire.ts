import { type Exceptions, type Fact, REASONS } from './facts.ts'
import {
  MAX_CLOCK_SKEW_MS,
  MAX_EXCEPTIONS,
  MAX_ID_LENGTH,
  MAX_ISSUER_LENGTH,
  MAX_LEEWAY_MS,
  MAX_LIFETIME_MS,
  MAX_MATCH_CLAIMS,
  MAX_NOTE_LENGTH,
  MAX_PRINCIPAL_LENGTH,
} from './limits.ts'
import { isClaimName, isClaimValue, isWellFormed } from './match.ts'
import { isTimeMs } from './time.ts'

/**
 * A fact as it stands in a frame: its own fields and no others. A field we do not know could narrow what the fact
 * means, so it is refused; new fields come with a new frame version.
 */

/** True for an object as JSON has it: no array, no null. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type Test = (value: unknown) => boolean
interface Field {
  readonly test: Test
  readonly optional?: true
}

const text =
  (max: number): Test =>
  (value) =>
    typeof value === 'string' && value.length <= max && isWellFormed(value)
const filled = (max: number): Test => {
  const isText = text(max)
  return (value) => isText(value) && value !== ''
}
const duration =
  (max: number): Test =>
  (value) =>
    isTimeMs(value) && value <= max
const oneOf =
  (...values: readonly string[]): Test =>
  (value) =>
    values.includes(value as string)

const COMMON: Record<string, Field> = {
  id: { test: filled(MAX_ID_LENGTH) },
  iss: { test: filled(MAX_ISSUER_LENGTH) },
  match: { test: isMatch },
  mode: { test: oneOf('cutoff', 'block') },
  actor: { test: text(MAX_PRINCIPAL_LENGTH) },
  note: { test: text(MAX_NOTE_LENGTH), optional: true },
  atMs: { test: isTimeMs },
  expiresAtMs: { test: isTimeMs },
}

const FIELDS: Record<Fact['kind'], Record<string, Field>> = {
  revocation: {
    ...COMMON,
    issuedBeforeMs: { test: isTimeMs, optional: true },
    except: { test: isExceptions, optional: true },
    reason: { test: oneOf(...REASONS) },
    onBehalfOf: { test: text(MAX_PRINCIPAL_LENGTH), optional: true },
  },
  lift: COMMON,
  issuer: {
    iss: { test: filled(MAX_ISSUER_LENGTH) },
    maxExpiryMs: { test: duration(MAX_LIFETIME_MS) },
    maxSessionMs: { test: duration(MAX_LIFETIME_MS) },
    clockSkewMs: { test: duration(MAX_CLOCK_SKEW_MS) },
    leewayMs: { test: duration(MAX_LEEWAY_MS) },
    atMs: { test: isTimeMs },
  },
}

/** The same as lists: every fact of every frame is held against one of them. */
const FIELD_LISTS: Record<Fact['kind'], readonly (readonly [name: string, field: Field])[]> = {
  revocation: Object.entries(FIELDS.revocation),
  lift: Object.entries(FIELDS.lift),
  issuer: Object.entries(FIELDS.issuer),
}

/** Reads a fact out of parsed JSON of which nothing is trusted. Returns what is wrong with it, as a phrase, if anything is. */
export function factFromWire(wire: unknown): Fact | string {
  if (!isPlainObject(wire)) return 'not an object'
  const kind = wire.kind as Fact['kind']
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return 'of no known kind'
  const fields = FIELDS[kind]
  for (const name of Object.keys(wire)) {
    if (name !== 'kind' && !Object.hasOwn(fields, name)) return `unknown field ${JSON.stringify(name.slice(0, 64))}`
  }
  for (const [name, field] of FIELD_LISTS[kind]) {
    if (!Object.hasOwn(wire, name) ? !field.optional : !field.test(wire[name])) return `${name} is missing or not valid`
  }
  return contradiction(wire as unknown as Fact) ?? (wire as unknown as Fact)
}

/** What no single field can show: fields that do not go together. */
function contradiction(fact: Fact): string | undefined {
  if (fact.kind === 'issuer') return undefined
  if (fact.kind === 'revocation' && (fact.mode === 'cutoff') !== (fact.issuedBeforeMs !== undefined)) {
    return 'issuedBeforeMs belongs to a cutoff, and to nothing else'
  }
  if (Object.hasOwn(fact.match, 'kid')) {
    if (Object.keys(fact.match).length !== 1 || fact.mode !== 'block' || typeof fact.match.kid !== 'string') {
      return 'kid stands alone in a match, is a string, and has mode block'
    }
  }
  return undefined
}

function isMatch(value: unknown): boolean {
  if (!isPlainObject(value)) return false
  const names = Object.keys(value)
  return names.length <= MAX_MATCH_CLAIMS && names.every((name) => isClaimName(name) && isClaimValue(value[name]))
}

function isExceptions(value: unknown): boolean {
  if (!isPlainObject(value) || Object.keys(value).some((name) => name !== 'jti' && name !== 'sid')) return false
  const lists = Object.values(value as Exceptions)
  if (!lists.every((list) => Array.isArray(list) && list.every(isClaimValue))) return false
  const count = lists.reduce((sum, list) => sum + list.length, 0)
  return count > 0 && count <= MAX_EXCEPTIONS
}
