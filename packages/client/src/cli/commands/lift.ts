import type { LiftRequest } from '../../requests.ts'
import type { Command, Context } from '../command.ts'
import { usageFailure } from '../failure.ts'
import { tellDryLift, tellLifted } from '../outcome.ts'
import { matchesOf, TARGETS } from '../target.ts'
import { writeOptions } from '../write-options.ts'

/** `rescind lift`. */
export const LIFT: Command = {
  name: 'lift',
  synopsis: 'ID [--all] | jti|sub|sid|client|kid ID --mode MODE | claim NAME=VALUE … --mode MODE',
  summary: 'take revocations back: tokens that only they refused work again',
  examples: [
    ['rescind lift 019b0000-0000-7000-8000-000000000000', 'one revocation, by the id that revoke or list shows'],
    ['rescind lift sub ann --mode block --dry-run', 'what would pass again'],
    ['rescind lift sub ann --mode block --note "case closed"', 'unblock an account; what a cutoff ended stays ended'],
    ['rescind lift 019b0000-0000-7000-8000-000000000000 --all', 'and all others on the same issuer, match and mode'],
  ],
  options: ['mode', 'all', 'iss', 'note', 'dry-run', 'wait', 'idempotency-key'],
  notes: [
    'What is recorded after a lift counts again. What is older than the lift, on the same match and mode, does not.',
  ],
  takes: [1, 64],
  async run(context) {
    const { client, given, print, terminal } = context
    const request = requestOf(context)
    if (given['dry-run']) return tellDryLift(print, await client.dryLift(request, { signal: terminal.signal }))
    const options = writeOptions(context)
    return tellLifted(print, await client.lift(request, options), options)
  },
}

function requestOf({ words, given }: Context): LiftRequest {
  const [kind = '', ...values] = words
  const { mode, all, iss } = given
  const note = given.note === undefined ? {} : { note: given.note }
  if (values.length === 0 && !(TARGETS as readonly string[]).includes(kind)) {
    const idle = Object.entries({ '--mode': mode, '--iss': iss }).flatMap(([name, value]) =>
      value === undefined ? [] : [name],
    )
    if (idle.length > 0) throw usageFailure(`${idle.join(', ')}: an id names these by itself; leave them out`)
    return { id: kind, ...(all && { all }), ...note }
  }
  if (all) throw usageFailure('--all: belongs to lift ID; a match and mode take back all that is there anyway')
  const matches = matchesOf(kind, values)
  const [match] = matches
  if (match === undefined || matches.length > 1) throw usageFailure('lift one at a time: give one id')
  if (mode !== 'cutoff' && mode !== 'block') {
    throw usageFailure('--mode: say cutoff or block: unblocking an account must not revive what a cutoff ended')
  }
  return { match, mode, ...(iss !== undefined && { iss }), ...note }
}
