/** One event of a `text/event-stream` (WHATWG HTML, section 9.2). */
export interface ServerEvent {
  /** `message` if it has no name. */
  readonly event: string
  readonly data: string
  /** The last `id:` so far; empty if there was none. */
  readonly id: string
}

/** Puts the lines of an event stream together. Comments (heartbeats) and events without data give nothing. */
export class ServerEvents {
  #event = ''
  #data: string[] = []
  #id: string
  #place: string

  /** `id` is the last one that an earlier stream gave: events without an id of their own stand there. */
  constructor(id = '') {
    this.#id = id
    this.#place = id
  }

  /** The last id that came, also one without an event: where to go on from. A block that was cut off does not count. */
  get place(): string {
    return this.#place
  }

  /** Takes one line, without its end; the event that it completes, if it does. */
  take(line: string): ServerEvent | undefined {
    if (line === '') return this.#complete()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #complete(): ServerEvent | undefined {
    const event = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id }
    this.#place = this.#id
    const isEmpty = this.#data.length === 0
    this.#event = ''
    this.#data = []
    return isEmpty && event.event !== 'reset' ? undefined : event
  }
}
