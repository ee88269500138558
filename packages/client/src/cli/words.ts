import { usageFailure } from './failure.ts'
import { nearest } from './nearest.ts'

/** Refuses a value of an option that is none of its words, and names the one that may have been meant. */
export function checkWord(option: string, given: string | undefined, words: readonly string[]): void {
  if (given === undefined || words.includes(given)) return
  const meant = nearest(given, words)
  const hint = meant === undefined ? `one of ${words.join(', ')}` : `did you mean ${meant}?`
  throw usageFailure(`${option}: ${JSON.stringify(given)} is none: ${hint}`)
}
