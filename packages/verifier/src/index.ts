export type { Refused, RefusedCode } from './refused.ts'
export { createVerifier, type Verified, type Verifier, type VerifierStats, type VerifyOptions } from './verifier.ts'
export { ALGORITHMS, type Algorithm, type IssuerOptions, type VerifierOptions } from './verifier-options.ts'
