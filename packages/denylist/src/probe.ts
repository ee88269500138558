import { candidatesOf, encodeValue, limits, type Shape } from '@rescind/protocol'

/** Where a token has to be looked for in one shape. */
export interface Probe {
  /** Keys of slots: the first 64 ways to pick one value per name, the last name varying fastest (R2). */
  readonly keys: readonly string[]
  /** The token could match beyond what is looked at (R2). */
  readonly beyond: boolean
}

const NOWHERE: Probe = { keys: [], beyond: false }

/** R2: which matches of a shape a token carries. Reads verified claims; the shape must not be `{ kid }`. */
export function probe(names: Shape, payload: Readonly<Record<string, unknown>>): Probe {
  let keys = ['']
  let ways = 1
  let beyond = false
  for (const name of names) {
    const { values, overflow } = candidatesOf(payload, name)
    if (values.length === 0 && !overflow) return NOWHERE
    beyond ||= overflow
    ways *= values.length
    // Cut at every name, not at the end: eight arrays of 32 would be 2^40 ways. The first 64 are the same, and they go on
    // from no more of the keys so far than it takes to make 64.
    const encoded = values.map(encodeValue)
    const needed = encoded.length === 0 ? 0 : Math.ceil(limits.MAX_COMBINATIONS / encoded.length)
    const longer = keys.slice(0, needed).flatMap((key) => encoded.map((value) => key + value))
    keys = longer.slice(0, limits.MAX_COMBINATIONS)
  }
  return { keys, beyond: beyond || ways > limits.MAX_COMBINATIONS }
}
