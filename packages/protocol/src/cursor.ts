import { MAX_ID_LENGTH } from './limits.ts'

/** The last frame applied. Two cursors compare only within one epoch (R19). */
export interface Cursor {
  /** Random id of one incarnation of the log. */
  readonly epoch: string
  /** Sequence of the frame in the stream; 0 before the first. */
  readonly seq: number
  /** Random id of that frame: a sequence whose frame has another id is another log. Empty at sequence 0. */
  readonly frameId: string
}

/** True if both name the same frame of the same incarnation. */
export function sameCursor(a: Cursor, b: Cursor): boolean {
  return a.epoch === b.epoch && a.seq === b.seq && a.frameId === b.frameId
}

/** True for a cursor as it travels in JSON, of which nothing is trusted: bounded ids and a sequence that is one. */
export function isCursor(value: unknown): value is Cursor {
  if (typeof value !== 'object' || value === null) return false
  const { epoch, seq, frameId } = value as Record<string, unknown>
  return isId(epoch) && epoch !== '' && Number.isSafeInteger(seq) && (seq as number) >= 0 && isId(frameId)
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_ID_LENGTH
}

/** `epoch.seq.frameId`, for ETags, event ids and log lines; epochs and frame ids are hexadecimal, without a dot. */
export function formatCursor(cursor: Cursor): string {
  return `${cursor.epoch}.${cursor.seq}.${cursor.frameId}`
}

/** Reads what {@link formatCursor} wrote, of which nothing is trusted; undefined for anything else. */
export function parseCursor(text: string): Cursor | undefined {
  const [, epoch, seq, frameId] = /^([^.]+)\.(\d{1,16})\.([^.]*)$/.exec(text) ?? []
  const cursor = { epoch, seq: Number(seq), frameId }
  return isCursor(cursor) ? cursor : undefined
}
