/** A JSON Schema of the dialect 2020-12, which is what OpenAPI 3.1 takes. */
export type Schema = Readonly<Record<string, unknown>>

/** Points at a schema of the document's components; `description` says what it is for in this place. */
export function ref(name: string, description?: string): Schema {
  return { $ref: `#/components/schemas/${name}`, ...(description !== undefined && { description }) }
}

/** An object of a request: these fields and no others, which our parsers refuse by name. */
export function requestObject(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema {
  return {
    description,
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

/**
 * An object of an answer: all fields of `T`, which the compiler demands. Clients pass over fields that a later release
 * adds, so the document does not forbid them.
 */
export function answerObject<T extends object = Record<string, unknown>>(
  description: string,
  properties: Readonly<Record<keyof T & string, Schema>>,
  optional: readonly (keyof T)[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name as keyof T))
  return { description, type: 'object', properties, required }
}

/** All values of a union of texts, which the compiler demands. */
export function valuesOf<T extends string>(values: Readonly<Record<T, true>>): readonly T[] {
  return Object.keys(values) as T[]
}
