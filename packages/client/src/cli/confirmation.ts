import { CONFIRMATION_REQUIRED } from '@rescind/protocol'
import { isRescindHttpError } from '../http-error.ts'
import type { RevocationRequest } from '../requests.ts'
import type { Context } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { Failure } from './failure.ts'
import { matchText } from './match-text.ts'
import { ask, canAsk } from './terminal.ts'

/**
 * Runs `call`; if the publisher wants what reaches many tokens to be confirmed, asks the person for the issuer and runs it
 * once more. Where nobody can be asked, says which option to add.
 */
export async function confirming<T>(
  context: Context,
  revocations: readonly RevocationRequest[],
  call: (revocations: readonly RevocationRequest[]) => Promise<T>,
): Promise<T> {
  const { given, terminal } = context
  const confirm = given.confirm ?? (given.yes ? given.iss : undefined)
  try {
    return await call(withConfirm(revocations, confirm))
  } catch (error) {
    if (!isRescindHttpError(error) || error.code !== CONFIRMATION_REQUIRED) throw error
    const reach = revocations.map(({ match }) => matchText(match)).join(', ')
    if (confirm !== undefined || given.yes || !canAsk(terminal)) {
      const advice = `nothing was revoked: add --confirm ISSUER with the exact issuer, or --yes and --iss ISSUER`
      throw new Failure(EXIT.refused, `this reaches many tokens at once: ${reach}\n${advice}`)
    }
    const answer = await ask(terminal, `This reaches many tokens at once: ${reach}\nType the issuer to go on: `)
    if (!answer) throw new Failure(EXIT.refused, 'not confirmed: nothing was revoked')
    return call(withConfirm(revocations, answer))
  }
}

function withConfirm(revocations: readonly RevocationRequest[], confirm: string | undefined): RevocationRequest[] {
  return revocations.map((revocation) => ({ ...revocation, ...(confirm !== undefined && { confirm }) }))
}
