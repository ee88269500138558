import type { ExitCode } from './exit-codes.ts'

/** A command that ends here, with what to say on stderr. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: ExitCode

  /** @param message what is wrong, and what to do; never holds a credential. */
  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** A mistake on the command line. */
export function usageFailure(...mistakes: readonly string[]): Failure {
  return new Failure(2, mistakes.join('\n'))
}
