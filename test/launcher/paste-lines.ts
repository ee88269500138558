import type { DemoIssuer } from './demo-issuer.ts'
import type { Deployment } from './deployment.ts'

/** Lines for a shell, in an order that tells the story once more; each works when pasted while this run is up. */
export function pasteLines(deployment: Deployment, issuer: DemoIssuer, keys: { readonly admin: string }): string[] {
  const [one, two] = deployment.replicas
  const post = (path: string, body: object) =>
    [
      `curl -s ${deployment.publisher.url}${path}`,
      `-H 'Authorization: Bearer ${keys.admin}'`,
      `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'; echo`,
    ].join(' ')
  const whoami = (url = '') => `curl -s -w ' %{http_code}\\n' ${url}/whoami -H "Authorization: Bearer $TOKEN"`
  return [
    `TOKEN=$(curl -s '${issuer.tokenUrl}?sub=carol')`,
    whoami(one?.url),
    post('/v1/revocations', { match: { sub: 'carol' }, reason: 'account_suspended', note: 'from the shell' }),
    whoami(one?.url),
    whoami(two?.url),
    post('/v1/lifts', { match: { sub: 'carol' }, mode: 'block' }),
    whoami(two?.url),
    `curl -s ${one?.url}/replica; echo`,
    `curl -s ${deployment.publisher.url}/v1/replicas -H 'Authorization: Bearer ${keys.admin}'; echo`,
  ]
}
