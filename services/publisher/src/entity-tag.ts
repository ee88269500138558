import { type Cursor, formatCursor } from '@rescind/protocol'

/** The ETag of whatever stands at a cursor (RFC 9110 section 8.8.3). */
export function entityTag(cursor: Cursor): string {
  return `"${formatCursor(cursor)}"`
}

/** True if `If-None-Match` names the tag or `*`; compares weakly, as RFC 9110 section 13.1.2 says. */
export function isNoneMatch(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((candidate) => {
    const text = candidate.trim()
    return text === '*' || text.replace(/^W\//, '') === tag
  })
}
