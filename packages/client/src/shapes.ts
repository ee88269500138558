/**
 * Shapes of JSON, to look at what came over the network before anybody believes it. Fields that are not known are let
 * through: a later publisher may add some.
 */
export interface Shape {
  /** What is wrong with a value, with the JSON pointer of where; undefined if nothing is. */
  readonly wrong: (value: unknown, at: string) => string | undefined
}

/** A field that may be absent. */
export interface OptionalShape extends Shape {
  readonly optional: true
}

/** An object of which all fields are known by name. */
export interface ObjectShape extends Shape {
  readonly fields: Readonly<Record<string, Shape | OptionalShape>>
}

type Required = Shape & { readonly optional?: never }

/** Exactly the fields of `T`, those that may be absent as {@link optional}: the compiler demands each. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? OptionalShape : Required
}

/** An object with these fields, and others. */
export function object<T extends object>(fields: FieldsOf<T>): ObjectShape {
  const list = Object.entries(fields) as [string, Shape | OptionalShape][]
  return {
    fields: fields as unknown as ObjectShape['fields'],
    wrong(value, at) {
      if (!isObject(value)) return `${at || 'it'} is no object`
      for (const [name, shape] of list) {
        const field = Object.hasOwn(value, name) ? value[name] : undefined
        if (field === undefined && 'optional' in shape && shape.optional) continue
        const mistake = field === undefined ? `${at}/${name} is missing` : shape.wrong(field, `${at}/${name}`)
        if (mistake !== undefined) return mistake
      }
      return undefined
    },
  }
}

/** A field that may be absent. */
export function optional(shape: Shape): OptionalShape {
  return { wrong: shape.wrong, optional: true }
}

/** An array of such values. */
export function list(shape: Shape): Required {
  return {
    wrong(value, at) {
      if (!Array.isArray(value)) return `${at || 'it'} is no array`
      for (const [index, item] of value.entries()) {
        const mistake = shape.wrong(item, `${at}/${index}`)
        if (mistake !== undefined) return mistake
      }
      return undefined
    },
  }
}

/** One of these values. */
export function oneOf(...values: readonly (string | boolean)[]): Required {
  return such((value) => values.includes(value as string), `none of ${values.join(', ')}`)
}

/** Whatever `isSo` says yes to; `otherwise` completes the sentence "/field is …". */
export function such(isSo: (value: unknown) => boolean, otherwise: string): Required {
  return { wrong: (value, at) => (isSo(value) ? undefined : `${at || 'it'} is ${otherwise}`) }
}

/** Any text. */
export const TEXT = such((value) => typeof value === 'string', 'no text')

/** A finite number. */
export const NUMBER = such(Number.isFinite, 'no number')

/** True or false. */
export const FLAG = such((value) => typeof value === 'boolean', 'neither true nor false')

/** True for an object that is no array: what every answer is. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
