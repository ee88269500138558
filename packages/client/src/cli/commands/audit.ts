import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { JsonArray } from '../json-array.ts'
import { plain } from '../plain-text.ts'
import { timeOf } from '../times.ts'

/** `rescind audit`. */
export const AUDIT: Command = {
  name: 'audit',
  synopsis: '',
  summary: 'who did what, the oldest first',
  examples: [
    ['rescind audit --from 24h', 'the last day'],
    ['rescind audit --output ndjson > audit.ndjson', 'all that is kept'],
  ],
  options: ['from', 'to'],
  takes: [0, 0],
  async run({ client, print, terminal, given }) {
    const nowMs = terminal.clock.now()
    const { from, to } = given
    const range = {
      from: from === undefined ? undefined : timeOf('--from', from, nowMs, 'ago'),
      to: to === undefined ? undefined : timeOf('--to', to, nowMs, 'ago'),
      signal: terminal.signal,
    }
    const array = new JsonArray(print)
    for await (const entry of client.audit(range)) {
      if (print.isClosed) break
      const { time, principal, action, outcome, count, onBehalfOf, detail, ids } = entry
      const acting = onBehalfOf === undefined ? principal : `${principal} for ${onBehalfOf}`
      const what = [time, acting, action, outcome, `${count}`, ids.slice(0, 3).join(' '), detail ?? '']
      if (print.format !== 'table') await array.add(entry)
      else
        await print.line(
          what
            .filter((cell) => cell !== '')
            .map(plain)
            .join('  '),
        )
    }
    await array.end()
    return EXIT.done
  },
}
