import type { Clock } from '@rescind/protocol'
import type { FastifyRequest } from 'fastify'
import { MAX_RATED_PRINCIPALS } from './limits.ts'
import type { Problem, ProblemCode } from './problems.ts'
import { RateLimit } from './rate-limit.ts'

/** Says what was refused, for operators: never a credential, a claim or a body. */
export class RefusalLog {
  /** One line a second about each who asks too often: the limit must not move the flood into the log. */
  readonly #linesAboutRates: RateLimit

  readonly #onRefused: ((code: ProblemCode) => void) | undefined

  /** @param onRefused told the code of every refusal, also of those that make no line. */
  constructor(clock: Clock, onRefused?: (code: ProblemCode) => void) {
    this.#onRefused = onRefused
    this.#linesAboutRates = new RateLimit({ perSec: 1, maxNames: MAX_RATED_PRINCIPALS, clock })
  }

  /** Writes a line about what went wrong here, whose credentials were refused from `address`, and who asks too often. */
  write(problem: Problem, request: FastifyRequest, address: string): void {
    const { code, status, message } = problem
    this.#onRefused?.(code)
    const fields = { code, method: request.method, path: request.routeOptions?.url }
    const who = { ...fields, ...problem.logged, address }
    // A stack leads to a defect; of an outage it tells nothing.
    if (code === 'internal') request.log.error({ ...fields, err: problem.cause ?? problem }, message)
    else if (status >= 500) request.log.warn(fields, message)
    else if (code === 'invalid_credentials' || code === 'insufficient_scope') request.log.info(who, message)
    else if (code === 'rate_limited' && this.#linesAboutRates.take(problem.logged.principal ?? address) === undefined) {
      request.log.warn(who, message)
    }
  }
}
