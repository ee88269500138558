/** A copy that shares no memory. `slice()` would: on a Buffer it is only another view. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
