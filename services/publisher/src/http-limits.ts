import { CHECK_CONNECTIONS_EVERY_MS, HEADERS_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './limits.ts'

/** What one HTTP server spends on those who ask it. */
export interface HttpLimits {
  /** In which a request's headers must have come; later is 408. Not above `requestTimeoutMs`. */
  readonly headersTimeoutMs: number
  /** In which a whole request must have come; later is 408. */
  readonly requestTimeoutMs: number
  /** How often both are looked at: a cut comes this much later at most. */
  readonly checkEveryMs: number
}

/** What a publisher spends; each number has its arithmetic in `limits.ts`. */
export const HTTP_LIMITS: HttpLimits = {
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  checkEveryMs: CHECK_CONNECTIONS_EVERY_MS,
}
