import { REASONS } from '@rescind/protocol'
import type { ListQuery } from '../../requests.ts'
import type { Command, Context } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { usageFailure } from '../failure.ts'
import { JsonArray } from '../json-array.ts'
import { claimsOf } from '../match-text.ts'
import { REVOCATION_HEAD, revocationRow } from '../outcome.ts'
import { plain } from '../plain-text.ts'
import { timeOf } from '../times.ts'
import { checkWord } from '../words.ts'

/** `rescind list`. */
export const LIST: Command = {
  name: 'list',
  synopsis: '[NAME=VALUE …]',
  summary: 'revocations, the newest first',
  examples: [
    ['rescind list --state live', 'what is in force, at most 100'],
    ['rescind list sub=ann', 'why was ann logged out?'],
    ['rescind list --reason admin_revoked --actor admin --from 24h', 'who did what since yesterday'],
    ['rescind list --limit all --output ndjson > revocations.ndjson', 'all of them, a line each'],
  ],
  options: ['iss', 'mode', 'reason', 'actor', 'from', 'to', 'state', 'limit'],
  notes: ['NAME=VALUE is a claim of the match; a text that looks like a number is quoted: \'sub="42"\'.'],
  takes: [0, 8],
  async run(context) {
    const { client, print } = context
    const limit = limitOf(context.given.limit)
    const array = new JsonArray(print)
    let shown = 0
    let isMore = false
    let widths = WIDTHS
    for await (const each of client.list(queryOf(context, limit))) {
      isMore = shown >= limit
      if (isMore || print.isClosed) break
      if (print.format !== 'table') await array.add(each)
      else if (print.isQuiet) await print.line(each.id)
      else {
        // Rows are written as they come: widths are guessed by the first, so that a long list needs no memory.
        const row = [...revocationRow(each.state, each), each.at ?? '', each.actor]
        if (shown === 0) {
          widths = WIDTHS.map((width, column) => Math.max(width, plain(row[column] ?? '').length))
          await print.line(fixed([...REVOCATION_HEAD, 'AT', 'ACTOR'], widths))
        }
        await print.line(fixed(row, widths))
      }
      shown += 1
    }
    await array.end()
    if (isMore) await print.note(`more than ${limit}: --limit all, or --to the time of the last one`)
    if (shown === 0 && print.format === 'table') await print.note('none')
    return EXIT.done
  },
}

const WIDTHS: readonly number[] = [9, 6, 24, 24, 16, 24, 36, 24]

function fixed(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => plain(cell).padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd()
}

function limitOf(text = '100'): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw usageFailure('--limit: is all, or a number from 1 on')
}

function queryOf({ words, given, terminal }: Context, limit: number): ListQuery {
  const { iss, mode, reason, actor, from, to, state } = given
  checkWord('--mode', mode, ['cutoff', 'block'])
  checkWord('--reason', reason, REASONS)
  checkWord('--state', state, ['live', 'lifted', 'expired'])
  const nowMs = terminal.clock.now()
  return {
    iss,
    actor,
    mode: mode as ListQuery['mode'],
    reason: reason as ListQuery['reason'],
    state: state as ListQuery['state'],
    claims: words.length > 0 ? claimsOf(words) : undefined,
    from: from === undefined ? undefined : timeOf('--from', from, nowMs, 'ago'),
    to: to === undefined ? undefined : timeOf('--to', to, nowMs, 'ago'),
    pageSize: Math.min(limit + 1, 100),
    signal: terminal.signal,
  }
}
