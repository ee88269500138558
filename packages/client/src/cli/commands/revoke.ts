import { isClaimValue, REASONS } from '@rescind/protocol'
import type { RevocationRequest } from '../../requests.ts'
import type { Command, Context } from '../command.ts'
import { confirming } from '../confirmation.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Failure, usageFailure } from '../failure.ts'
import { REVOCATION_HEAD, revocationRow, tellRevoked } from '../outcome.ts'
import { readStdin } from '../read-stdin.ts'
import { matchesOf } from '../target.ts'
import { timeOf } from '../times.ts'
import { readToken } from '../token-text.ts'
import { checkWord } from '../words.ts'
import { writeOptions } from '../write-options.ts'

/** `rescind revoke`. */
export const REVOKE: Command = {
  name: 'revoke',
  synopsis: 'jti|sub|sid|client|kid ID … | claim NAME=VALUE … | token - | all',
  summary: 'revoke tokens that are already issued',
  examples: [
    ['rescind revoke sub ann --reason password_changed', 'every token of ann issued so far; the next login works'],
    ['rescind revoke sub ann --reason account_blocked --until 7d', 'whatever a refresh token still mints, too'],
    ['rescind revoke sid s1 --wait --timeout 5s', 'one session, and wait until every replica has confirmed'],
    ['rescind revoke sub ann --except-sid s1', 'log out all other devices'],
    ['rescind revoke token - < token.txt', 'one token, by its jti; it is read from stdin and never sent'],
    ['rescind revoke claim device_id=d1 tenant=acme', 'tokens that carry all of these claims'],
    ['rescind revoke kid k1 --reason key_compromised', 'everything signed with a leaked key'],
    ['rescind revoke all --before 15m --dry-run --iss https://id.example', 'what break-glass would do'],
  ],
  options: [
    'reason',
    'mode',
    'before',
    'until',
    'except-sid',
    'except-jti',
    'note',
    'on-behalf-of',
    'iss',
    'confirm',
    'yes',
    'dry-run',
    'wait',
    'idempotency-key',
  ],
  notes: ['Several ids are revoked together: all of them or none.'],
  takes: [1, 4_096],
  async run(context) {
    const revocations = await requestsOf(context)
    if (context.given['dry-run']) return dryRun(context, revocations)
    const options = writeOptions(context)
    const result = await confirming(context, revocations, (given) => context.client.revoke(oneOrAll(given), options))
    return tellRevoked(context.print, result, options)
  },
}

async function requestsOf(context: Context): Promise<RevocationRequest[]> {
  const [kind = '', ...values] = context.words
  const { given, terminal } = context
  const { reason, mode, before, until, note, iss } = given
  const { 'except-sid': sid, 'except-jti': jti, 'on-behalf-of': onBehalfOf } = given
  checkWord('--reason', reason, REASONS)
  checkWord('--mode', mode, ['cutoff', 'block'])
  const nowMs = terminal.clock.now()
  const common = {
    ...(iss !== undefined && { iss }),
    ...(reason !== undefined && { reason: reason as (typeof REASONS)[number] }),
    ...(mode !== undefined && { mode: mode as 'cutoff' | 'block' }),
    // The publisher's own now is better than ours.
    ...(before !== undefined && before !== 'now' && { issuedBefore: timeOf('--before', before, nowMs, 'ago') }),
    ...(until !== undefined && { until: timeOf('--until', until, nowMs, 'ahead') }),
    ...((sid ?? jti) && { except: { ...(sid && { sid }), ...(jti && { jti }) } }),
    ...(note !== undefined && { note }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
  }
  if (kind === 'token') return [{ ...common, ...(await tokenRequest(context, values)) }]
  return matchesOf(kind, values).map((match) => ({ ...common, match }))
}

/** A token on stdin names itself by `iss`, `jti` and `exp`. Only these leave this machine. */
async function tokenRequest({ given, terminal, print }: Context, values: readonly string[]) {
  if (values.length !== 1 || values[0] !== '-') {
    throw usageFailure('a token is read from stdin alone: rescind revoke token - < FILE')
  }
  const token = readToken(await readStdin(terminal, 'the token'))
  if (!token) throw new Failure(EXIT.refused, 'stdin holds no signed JWT: three parts with dots between them')
  const { iss, jti, exp, sid, sub } = token.payload
  if (!isClaimValue(jti) || jti === '') {
    const others = Object.entries({ sid, sub }).filter(([, value]) => typeof value === 'string')
    const ways = others.map(([name, value]) => `its ${name} (rescind revoke ${name} ${JSON.stringify(value)})`)
    const advice = ways.length > 0 ? ways.join(', or ') : 'a claim that it carries (rescind revoke claim NAME=VALUE)'
    throw new Failure(EXIT.refused, `the token has no jti, so it cannot be revoked alone. Revoke by ${advice}`)
  }
  if (given.iss !== undefined && iss !== given.iss) {
    throw new Failure(EXIT.refused, `the token is of the issuer ${JSON.stringify(iss)}, not of --iss ${given.iss}`)
  }
  await print.note('The token was decoded, not verified: it is revoked by the jti that it states.')
  return {
    match: { jti },
    ...(typeof iss === 'string' && { iss }),
    ...(typeof exp === 'number' && exp >= 0 && given.mode !== 'cutoff' && { tokenExp: exp }),
  }
}

async function dryRun(context: Context, revocations: readonly RevocationRequest[]): Promise<ExitCode> {
  const { client, print, terminal } = context
  const { signal } = terminal
  const answer = await confirming(context, revocations, (given) => client.dryRun(oneOrAll(given), { signal }))
  if (print.format === 'json') await print.json(answer)
  else if (print.format === 'ndjson') for (const each of answer.revocations) await print.json({ dryRun: true, ...each })
  else {
    const rows = answer.revocations.map((each) => [
      ...revocationRow(each.nothingToDo ? 'nothing_to_do' : 'dry_run', each).slice(0, -1),
      String(each.liveFacts),
    ])
    await print.table([...REVOCATION_HEAD.slice(0, -1), 'LIVE'], rows)
    await print.line(`dry run: nothing was recorded; ${answer.replicas} replicas would count`)
  }
  return EXIT.done
}

function oneOrAll<T>(given: readonly T[]): T | readonly T[] {
  return given.length === 1 ? (given[0] as T) : given
}
