import { type DemoIssuer, MAX_EXPIRY, type MintedToken, startDemoIssuer } from '../../services/demo-issuer/src/index.ts'

export { type DemoIssuer, MAX_EXPIRY, type MintedToken, startDemoIssuer }

/** An issuer that runs elsewhere, as a {@link DemoIssuer}: it is asked over HTTP, and closing it is left to who started it. */
export function demoIssuerAt(
  url: string,
  { iss, audience }: { readonly iss: string; readonly audience: string },
): DemoIssuer {
  const tokenUrl = `${url}/token`
  return {
    iss,
    audience,
    url,
    jwksUrl: `${url}/jwks.json`,
    tokenUrl,
    async mint(claims) {
      const response = await fetch(`${tokenUrl}?${new URLSearchParams({ ...claims })}`, {
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(MINT_TIMEOUT_MS),
      })
      if (!response.ok) throw new Error(`the demo issuer at ${url} answers ${response.status}`)
      return (await response.json()) as MintedToken
    },
    close: async () => {},
  }
}

/** A token is signed within milliseconds. */
const MINT_TIMEOUT_MS = 10_000
