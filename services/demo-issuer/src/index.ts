export { type Config, type ReadConfig, readConfig } from './config.ts'
export { type DemoIssuer, type DemoIssuerOptions, MAX_EXPIRY, startDemoIssuer } from './demo-issuer.ts'
export { type AskedClaims, type MintedToken, type TokenMint, tokenMint } from './token-mint.ts'
