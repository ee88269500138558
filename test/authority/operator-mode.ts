import { type Nkey, newNkey } from './nkeys.ts'

/** A broker that takes `.creds`: its configuration, and the content of such a file for each user. */
export interface OperatorMode {
  readonly configuration: string
  readonly creds: { readonly publisher: string; readonly api: string }
}

/** An operator with one account and two users in it, all of them known to the broker by JWTs in memory. */
export function operatorMode(): OperatorMode {
  const [operator, system, account] = [newNkey('operator'), newNkey('account'), newNkey('account')]
  const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1, wildcards: true }
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const accountJwt = (name: string, { publicKey: sub }: Nkey, limits: object) =>
    jwt(operator, { sub, name, nats: { type: 'account', version: 2, limits } })
  const { publicKey: sub } = operator
  const configuration = `
operator: ${jwt(operator, { sub, name: 'operator', nats: { type: 'operator', version: 2 } })}
system_account: ${system.publicKey}
resolver: MEMORY
resolver_preload: {
  ${system.publicKey}: ${accountJwt('SYS', system, unlimited)}
  ${account.publicKey}: ${accountJwt('LOG', account, { ...unlimited, ...storage })}
}
`
  const permissions = {
    sub: { allow: ['rescind.live', 'rescind.barrier', '_INBOX_api.>'] },
    pub: { deny: ['rescind.log'] },
  }
  return { configuration, creds: { publisher: credsOf(account, {}), api: credsOf(account, permissions) } }
}

function credsOf(account: Nkey, permissions: object): string {
  const user = newNkey('user')
  const limits = { subs: -1, data: -1, payload: -1 }
  const token = jwt(account, { sub: user.publicKey, nats: { type: 'user', version: 2, ...limits, ...permissions } })
  return [
    '-----BEGIN NATS USER JWT-----',
    token,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    user.seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n')
}

/** A JWT as NATS has them, signed by an nkey. */
function jwt(issuer: Nkey, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const iat = Math.floor(Date.now() / 1000)
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ jti: 'x', iat, iss: issuer.publicKey, ...claims })}`
  return `${signed}.${issuer.sign(Buffer.from(signed)).toString('base64url')}`
}
