import { isPlainObject } from '@rescind/protocol'
import type { Question } from '../../requests.ts'
import type { Command, Context } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Failure, usageFailure } from '../failure.ts'
import { REVOCATION_HEAD, revocationRow } from '../outcome.ts'
import { plain } from '../plain-text.ts'
import { readStdin } from '../read-stdin.ts'
import { readToken } from '../token-text.ts'

/** `rescind check`. */
export const CHECK: Command = {
  name: 'check',
  synopsis: '-',
  summary: 'is this token revoked, and by what',
  examples: [
    ['rescind check - < token.txt', 'a token on stdin; its claims and header are sent, its signature is not'],
    [
      `echo '{"iss":"https://id.example","sub":"ann","iat":1769860000,"exp":1769863600}' | rescind check -`,
      'or its claims',
    ],
    ['rescind check - --output json < token.txt', 'with every revocation that causes it'],
  ],
  options: [],
  notes: [
    'Nothing is verified: it tells what would happen to a verified token with these claims.',
    'Exit code 0: it passes; 10: revoked; 1: unknown, or it failed.',
  ],
  takes: [1, 1],
  async run(context) {
    const { client, print, terminal, words } = context
    if (words[0] !== '-') throw usageFailure('what is checked is read from stdin alone: rescind check - < FILE')
    const question = await questionOf(context)
    const { verdict, causes = [] } = await client.check(question, { signal: terminal.signal })
    if (print.format !== 'table') await print.json({ verdict, causes })
    else if (!print.isQuiet) {
      await print.line(`${print.colored(verdict.kind)}${said(verdict)}`)
      if (causes.length > 0) {
        const rows = causes.map((cause) => [
          ...revocationRow('revoked', cause),
          cause.at ?? '',
          cause.actor,
          cause.note ?? '',
        ])
        await print.table([...REVOCATION_HEAD, 'AT', 'ACTOR', 'NOTE'], rows)
      }
    }
    return EXITS[verdict.kind]
  },
}

const EXITS: Readonly<Record<'active' | 'revoked' | 'unknown', ExitCode>> = {
  active: EXIT.done,
  revoked: EXIT.revoked,
  // Nobody vouches for it: `rescind check - && …` must not go on.
  unknown: EXIT.failed,
}

type Verdict = Awaited<ReturnType<Context['client']['check']>>['verdict']

function said(verdict: Verdict): string {
  if (verdict.kind === 'active') return ': no revocation matches'
  if (verdict.kind === 'unknown')
    return `: no revocation matches, and the publisher cannot vouch for it (${plain(verdict.cause)})`
  return `: ${verdict.mode}, ${verdict.reason}, matched by ${plain(verdict.claims.join(', ') || 'every token of the issuer')}`
}

async function questionOf({ terminal }: Context): Promise<Question> {
  const text = await readStdin(terminal, 'the token, or its claims as JSON')
  const token = readToken(text)
  if (token) return { claims: token.payload, header: token.header }
  const value = jsonOf(text)
  if (!isPlainObject(value)) {
    throw new Failure(EXIT.refused, 'stdin holds neither a signed JWT nor a JSON object of claims')
  }
  const names = Object.keys(value)
  const isQuestion = isPlainObject(value.claims) && names.every((name) => name === 'claims' || name === 'header')
  return isQuestion ? (value as unknown as Question) : { claims: value }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
