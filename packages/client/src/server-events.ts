/** One event of a `text/event-stream` (WHATWG HTML, section 9.2). */
export interface ServerEvent {
  /** `message` if it has no name; empty if it is an `id:` alone. */
  readonly event: string
  readonly data: string
  /** The last `id:` so far; empty if there was none. */
  readonly id: string
}

/**
 * Puts the lines of an event stream together. Comments (heartbeats) and events without data give nothing, but for an `id:`
 * that stands alone: it tells from where to go on, and comes as an event without a name.
 */
export class ServerEvents {
  #event = ''
  #data: string[] = []
  #id = ''
  #isIdNew = false

  /** Takes one line, without its end; the event that it completes, if it does. */
  take(line: string): ServerEvent | undefined {
    if (line === '') return this.#complete()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id' && !value.includes('\0')) {
      this.#id = value
      this.#isIdNew = true
    }
    return undefined
  }

  #complete(): ServerEvent | undefined {
    const event = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id }
    const isEmpty = this.#data.length === 0 && this.#event !== 'reset'
    const isPlace = isEmpty && this.#isIdNew
    this.#event = ''
    this.#data = []
    this.#isIdNew = false
    if (isPlace) return { ...event, event: '' }
    return isEmpty ? undefined : event
  }
}
