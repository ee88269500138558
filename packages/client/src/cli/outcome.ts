import type { DryLiftAnswer, LiftedRevocation, RevocationAnswer, State } from '../answers.ts'
import type { LiftResult, RevokeResult } from '../client.ts'
import type { WaitOptions } from '../requests.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { matchText } from './match-text.ts'
import { type Print, receiptLines, secondText } from './print.ts'

/** What a state means, for people. */
const MEANING: Readonly<Record<State, string>> = {
  enforced: 'every replica that counts has confirmed',
  broadcast: "in the log, and in force in the publisher's own replica",
  recorded: "on the publisher's disk; it goes out by itself as soon as the broker is back",
  nothing_to_do: 'every token that it could match has expired: nothing was recorded',
}

/** Columns of revocations; the mode that was chosen is in every line (R3). */
export const REVOCATION_HEAD = ['STATE', 'MODE', 'MATCH', 'ISSUER', 'REASON', 'EXPIRES', 'ID']

/** One line of a table of revocations. */
export function revocationRow(
  state: string,
  revocation: Omit<RevocationAnswer, 'id'> & { readonly id?: string },
): string[] {
  const { mode, match, iss, reason, expiresAt, id = '' } = revocation
  return [state, mode, matchText(match), iss, reason, expiresAt, id]
}

/** Tells what was revoked and how far it came, and gives the exit code. */
export async function tellRevoked(print: Print, result: RevokeResult, options: WaitOptions): Promise<ExitCode> {
  const { reissuable: _, ...answer } = result
  const { state, revocations, receipt } = answer
  if (print.format === 'json') await print.json(answer)
  else if (print.format === 'ndjson') for (const each of revocations) await print.json({ state, ...each })
  else if (print.isQuiet) await print.lines(revocations.map(({ id }) => id))
  else {
    const rows = revocations.map((each) =>
      revocationRow(each.at === undefined && state !== 'recorded' ? 'nothing_to_do' : state, each),
    )
    await print.table(REVOCATION_HEAD, rows, 0)
    await print.line(
      `${state}: ${MEANING[state]}${result.replayed ? ' (the answer that an earlier call under this key got)' : ''}`,
    )
    const since = Math.max(...revocations.map(({ reissueNotBefore }) => reissueNotBefore ?? 0))
    if (since > 0) await print.line(`tokens issued from ${secondText(since)} on pass again (iat ${since})`)
    if (receipt) await print.lines(receiptLines(receipt))
  }
  return confirmed(
    print,
    result,
    revocations.map(({ id }) => id),
    options,
  )
}

/** Tells what was lifted and how far it came, and gives the exit code. */
export async function tellLifted(print: Print, result: LiftResult, options: WaitOptions): Promise<ExitCode> {
  const { state, lift, lifted, liftedCount, receipt } = result
  if (print.format !== 'table') await print.json(result)
  else if (print.isQuiet) await print.line(lift.id)
  else {
    await print.table(
      ['STATE', 'MODE', 'MATCH', 'ISSUER', 'ID'],
      [[state, lift.mode, matchText(lift.match), lift.iss, lift.id]],
      0,
    )
    await print.line(`${state}: ${MEANING[state]}`)
    await print.lines(liftedLines(lifted, liftedCount, 'lifted; tokens that only these refused pass again:'))
    if (receipt) await print.lines(receiptLines(receipt))
  }
  return confirmed(print, result, [lift.id], options)
}

/** Tells what would be lifted. */
export async function tellDryLift(print: Print, answer: DryLiftAnswer): Promise<ExitCode> {
  const { lift, lifted, liftedCount, replicas } = answer
  if (print.format !== 'table') await print.json(answer)
  else if (print.isQuiet) await print.lines(lifted.map(({ id }) => id))
  else {
    await print.table(['STATE', 'MODE', 'MATCH', 'ISSUER'], [['dry_run', lift.mode, matchText(lift.match), lift.iss]])
    await print.lines(liftedLines(lifted, liftedCount, 'tokens that only these refuse would pass again:'))
    await print.line(`dry run: nothing was recorded; ${replicas} replicas would count`)
  }
  return EXIT.done
}

function liftedLines(lifted: readonly LiftedRevocation[], count: number, head: string): string[] {
  if (count === 0) return ['nothing is live there: no token passes again']
  const more = count > lifted.length ? [`  and ${count - lifted.length} more`] : []
  return [head, ...lifted.map(({ id, reason, at }) => `  ${id}  ${reason}  ${at}`), ...more]
}

/** 124 if somebody waited in vain: says the ids and the stragglers on stderr, whatever the format. */
async function confirmed(
  print: Print,
  { state, receipt }: Pick<RevokeResult, 'state' | 'receipt'>,
  ids: readonly string[],
  { wait }: WaitOptions,
): Promise<ExitCode> {
  if (wait === undefined || state === 'enforced' || state === 'nothing_to_do') return EXIT.done
  const stragglers = [...(receipt?.pending ?? []), ...(receipt?.unproved ?? [])]
  const missing =
    stragglers.length > 0 ? stragglers.join(', ') : receipt ? 'fewer replicas than asked for' : 'no replica is known'
  await print.error(
    `${state}, but not confirmed in time by: ${missing}\nrescind show ${ids[0]} tells who has applied it by now`,
  )
  return EXIT.unconfirmed
}
