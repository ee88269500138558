import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { matchText } from '../match-text.ts'
import { receiptLines, secondText } from '../print.ts'
import { pairs } from '../table.ts'

/** `rescind show`. */
export const SHOW: Command = {
  name: 'show',
  synopsis: 'ID',
  summary: 'one revocation, and which replicas have applied it',
  examples: [['rescind show 019b0000-0000-7000-8000-000000000000', 'the id is what revoke and list show']],
  options: [],
  takes: [1, 1],
  async run({ client, print, terminal, words }) {
    const shown = await client.show(words[0] ?? '', { signal: terminal.signal })
    if (print.format !== 'table') await print.json(shown)
    else if (print.isQuiet) await print.line(shown.state)
    else {
      const { except, reissueNotBefore, receipt } = shown
      const excepted = except && JSON.stringify(except)
      await print.lines(
        pairs([
          ['id', shown.id],
          ['state', shown.state],
          ['mode', shown.mode],
          ['match', matchText(shown.match)],
          ['issuer', shown.iss],
          ['reason', shown.reason],
          ['except', excepted],
          ['issued before', shown.issuedBefore],
          [
            'passes again',
            reissueNotBefore === undefined ? undefined : `tokens issued from ${secondText(reissueNotBefore)} on`,
          ],
          ['recorded', shown.at],
          ['expires', shown.expiresAt],
          ['actor', shown.actor],
          ['on behalf of', shown.onBehalfOf],
          ['note', shown.note],
        ]),
      )
      if (receipt) await print.lines(receiptLines(receipt))
    }
    return EXIT.done
  },
}
