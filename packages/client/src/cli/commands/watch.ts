import type { WatchEvent } from '../../watch.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { matchText } from '../match-text.ts'
import { plain } from '../plain-text.ts'

/** `rescind watch`. */
export const WATCH: Command = {
  name: 'watch',
  synopsis: '',
  summary: 'revocations and lifts as they come, until Ctrl-C',
  examples: [
    ['rescind watch', 'a line for each'],
    ['rescind watch --output ndjson | jq .revocation.match', 'for programs; "cursor" is where --since goes on from'],
  ],
  options: ['since'],
  notes: [
    'A lost connection is taken up again where it was lost. An event "reset" says that some may have been missed.',
  ],
  takes: [0, 0],
  async run({ client, print, terminal, given }) {
    const signal = AbortSignal.any([terminal.signal, terminal.out.closed])
    const options = {
      since: given.since,
      signal,
      onConnected: () => void print.note('following'),
      onLost: (error: Error) => void print.note(`lost: ${error.message}; trying again`),
    }
    try {
      for await (const event of client.watch(options)) {
        if (event.type === 'reset')
          await print.error(
            `reset: events may have been missed (${event.detail}); list --state live has all that is in force`,
          )
        if (print.format !== 'table') await print.line(JSON.stringify(event))
        else if (event.type !== 'reset') await print.line(lineOf(event))
      }
    } catch (error) {
      // The reader of stdout went away, as with `| head`.
      if (!terminal.out.isClosed) throw error
    }
    return EXIT.done
  },
}

function lineOf(event: Exclude<WatchEvent, { type: 'reset' }>): string {
  const { at = '', mode, match, iss, id } = event.type === 'lift' ? event.lift : event.revocation
  const more = event.type === 'lift' ? '' : event.revocation.reason
  const cells = [at, event.type, mode, matchText(match), iss, more, id].filter((cell) => cell !== '')
  return cells.map(plain).join('  ')
}
