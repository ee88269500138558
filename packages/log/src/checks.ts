import { limits, RescindError } from '@rescind/protocol'

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** The name of a connection is part of subjects, so it may not hold a dot, a wildcard or a space. */
export function checkName(name: string): void {
  if (NAME.test(name)) return
  throw new RescindError('ERR_INVALID_OPTION', 'name must be 1 to 64 of A-Z a-z 0-9 _ -')
}

/** A frame that no reader would take is refused before it is stored. */
export function checkFrameSize(bytes: Uint8Array): void {
  const { byteLength } = bytes
  if (byteLength <= limits.MAX_FRAME_BYTES) return
  throw new RescindError('ERR_FRAME_TOO_LARGE', `${byteLength} bytes; a frame has at most ${limits.MAX_FRAME_BYTES}`)
}

/** Message ids travel as a header: visible ASCII, and not long. */
export function checkMessageId(messageId: string): void {
  if (/^[\x21-\x7e]{1,128}$/.test(messageId)) return
  throw new RescindError('ERR_INVALID_OPTION', 'messageId must be 1 to 128 visible ASCII characters')
}
