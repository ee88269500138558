import { isRescindError } from '@rescind/protocol'
import { isRescindHttpError } from '../http-error.ts'
import { Failure } from './failure.ts'

/** What `rescind` ends with; `--help` lists them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  credentials: 4,
  refused: 5,
  revoked: 10,
  /** As of timeout(1): it is published, and was not confirmed in time. */
  unconfirmed: 124,
  /** 128 + SIGINT. */
  interrupted: 130,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit code of whatever went wrong. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Failure) return error.exitCode
  if (isRescindError(error)) return error.code === 'ERR_INVALID_OPTION' ? EXIT.usage : EXIT.failed
  if (!isRescindHttpError(error)) return EXIT.failed
  const { status = 0 } = error
  if (error.code === 'unexpected_answer' || status === 429) return EXIT.failed
  if (status === 401 || status === 403) return EXIT.credentials
  if (status === 404) return EXIT.notFound
  // 507: no room is a limit, not a failure of this request.
  return (status >= 400 && status < 500) || status === 507 ? EXIT.refused : EXIT.failed
}
