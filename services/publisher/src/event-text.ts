import { type Cursor, type Frame, formatCursor } from '@rescind/protocol'
import { causingAnswer, liftEvent } from './fact-answers.ts'

/**
 * The events of one frame, as `text/event-stream` (WHATWG HTML, section 9.2). Only the last of them bears the id: whoever is
 * cut off in the middle of a frame resumes before it, and loses none.
 */
export function frameText(frame: Frame, cursor: Cursor): Buffer {
  const events: string[] = []
  for (const fact of frame.facts) {
    if (fact.kind === 'revocation') events.push(eventText('revocation', causingAnswer(fact)))
    else if (fact.kind === 'lift') events.push(eventText('lift', liftEvent(fact)))
  }
  return Buffer.from(events.join('\n') + idText(cursor))
}

/** Where a reader stands: an id without an event. */
export function idText(cursor: Cursor): string {
  return `id: ${formatCursor(cursor)}\n\n`
}

/** One event; a blank line or its id follows. */
export function eventText(event: string, data: object | string): string {
  return `event: ${event}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n`
}
