import type { Match, Mode } from '@rescind/protocol'

/** One HTTP request of a client, with everything that was answered to it. Its facts bear its name in their notes. */
export interface Asked {
  /** Unique; the note of its n-th fact is `<name>/<n>`. */
  readonly name: string
  readonly client: number
  readonly kind: 'revocation' | 'lift'
  readonly facts: readonly { readonly match: Match; readonly mode: Mode }[]
  /** True: one of its facts is wrong, so that all must be refused. */
  readonly wrong: boolean
  /** Idempotency key. */
  readonly key?: string
  readonly tries: Try[]
}

/** One sending, and its answer. */
export interface Try {
  /** Name of the publisher it was sent to. */
  readonly to: string
  readonly sentMs: number
  readonly receivedMs: number
  /** 0: no answer came. */
  readonly status: number
  readonly answer?: Answered
  /** Problem code of a refusal. */
  readonly code?: string
}

/** What an answer of success said. */
export interface Answered {
  readonly state: string
  readonly cursor?: { readonly epoch: string; readonly seq: number; readonly frameId: string }
  readonly facts: readonly { readonly id: string; readonly at?: string }[]
}

/** Everything that was asked for, in the order of the asking. */
export type Ledger = Asked[]

/** The last answer of success, if there was one. */
export function accepted({ tries }: Asked): Answered | undefined {
  return tries.findLast(({ answer }) => answer !== undefined)?.answer
}

/** True if somebody sent it and nobody knows what became of that. */
export function isInDoubt({ tries }: Asked): boolean {
  return tries.some(({ status }) => status === 0)
}

/** Reads the body of an answer; undefined if it is none of success. */
export function readAnswer(status: number, body: string): { answer?: Answered; code?: string } {
  const parsed = parse(body)
  if (status >= 200 && status < 300) {
    const facts = (parsed.revocations ?? [parsed.lift]) as Answered['facts']
    return { answer: { ...(parsed as unknown as Answered), facts } }
  }
  return typeof parsed.code === 'string' ? { code: parsed.code } : {}
}

function parse(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    return {}
  }
}
