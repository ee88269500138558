import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import type { TlsOptions } from '@nats-io/transport-node'
import { hostOf } from './nats-greeting.ts'
import type { NatsTls } from './nats-options.ts'

/** The name that Node compares a certificate with when the client tells it none. */
const NO_NAME = 'localhost'

/**
 * The client's TLS options. Of a server that is given by its address the client tells Node no name, and Node then wants a
 * certificate for `localhost`: whoever has one would be taken for any server, and the right certificate would be refused.
 * So in that place the certificate must be for one of the addresses that are configured.
 */
export function tlsOptions(tls: NatsTls, servers: readonly string[]): TlsOptions {
  const addresses = servers.map(hostOf).filter((host) => isIP(host) !== 0)
  const isNamed = servers.some((server) => hostOf(server) === NO_NAME)
  const ofServer = (name: string, cert: PeerCertificate): Error | undefined => {
    if (name !== NO_NAME || addresses.length === 0) return checkServerIdentity(name, cert)
    const refusals = [...addresses, ...(isNamed ? [name] : [])].map((host) => checkServerIdentity(host, cert))
    return refusals.includes(undefined) ? undefined : refusals[0]
  }
  // The client hands every option on to Node, also those that its type does not name.
  return { ...tls, checkServerIdentity: ofServer } as TlsOptions
}
