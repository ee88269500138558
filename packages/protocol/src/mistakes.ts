import { type Mistake, RescindError } from './errors.ts'
import { MAX_MISTAKES } from './limits.ts'

/** Either the value, or everything that is wrong with the input. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] }

/** Collects all mistakes of one input, up to `MAX_MISTAKES`, so that the caller mends it in one go. */
export class Mistakes {
  readonly #found: Mistake[] = []
  readonly #base: string
  #count = 0

  /** @param base JSON pointer (RFC 6901) of the value under inspection; empty for the whole document. */
  constructor(base = '') {
    this.#base = base
  }

  /** Notes one mistake: where below the base, a stable code, and what to do about it. */
  add(path: readonly (string | number)[], code: string, detail: string): void {
    this.#count += 1
    if (this.#found.length < MAX_MISTAKES) this.#found.push({ pointer: this.#base + pointer(path), code, detail })
  }

  /** How many were found, also beyond those that are listed. */
  get count(): number {
    return this.#count
  }

  /** The mistakes so far, in the order in which they were found. */
  get all(): readonly Mistake[] {
    return this.#found
  }

  /** The value if nothing was wrong; `build` is called only then. */
  orValue<T>(build: () => T): Parsed<T> {
    return this.#found.length > 0 ? { ok: false, mistakes: this.#found } : { ok: true, value: build() }
  }
}

/** Escapes names as RFC 6901 section 3 says, and cuts what an attacker made long: a pointer is for reading. */
function pointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The value, or an `ERR_INVALID_INPUT` that carries all mistakes. */
export function orThrow<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value
  const [first] = parsed.mistakes
  throw new RescindError('ERR_INVALID_INPUT', `${first?.pointer || 'input'}: ${first?.detail}`, {
    mistakes: parsed.mistakes,
  })
}
