import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setUp } from '../../services/publisher/src/setup.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { type NatsServer, startNatsServer } from '../launcher/nats-server.ts'
import { newNkey } from './nkeys.ts'

/** The configuration as it is shipped. */
export const SHIPPED = resolve(import.meta.dirname, '../../services/broker')

/** A broker with the shipped configuration, and the credentials that `--setup` made for it. */
export interface GuardedBroker {
  readonly server: NatsServer
  /** Where its monitoring answers, on loopback; another port after each start. */
  readonly monitor: string
  /** The folder that `--setup` wrote to. */
  readonly secrets: string
  /** The folder of its configuration. */
  readonly conf: string
  readonly seeds: {
    readonly publisher: string
    readonly api: string
    /** Of a second API, `billing`, added as services/broker/README.md says. */
    readonly billing: string
  }
  /** Stops it and removes its files. */
  end(): Promise<void>
}

/** A folder with the shipped configuration in it, and beside it secrets that `--setup` made. */
export interface ShippedFolder {
  /** Where `nats.conf`, `cluster.conf` and `accounts.conf` lie. */
  readonly conf: string
  readonly secrets: string
  readonly seeds: GuardedBroker['seeds']
  remove(): Promise<void>
}

/** Makes the secrets of a deployment in a folder. */
export type MakeSecrets = (folder: string) => Promise<void>

/** As `--setup` does, in this process. */
export function secretsFor(...routes: readonly string[]): MakeSecrets {
  return async (folder) => {
    const { mistakes } = await setUp(folder, routes)
    if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
  }
}

/** Lays the shipped files out as a container has them: the secrets of the broker in `secrets/` beside them. */
export async function layOut(makeSecrets: MakeSecrets = secretsFor('127.0.0.1:6222')): Promise<ShippedFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-authority-'))
  const [conf, secrets] = [join(folder, 'conf'), join(folder, 'secrets')]
  await makeSecrets(secrets)
  await cp(SHIPPED, conf, { recursive: true })
  for (const name of ['nats.conf', 'cluster.conf']) {
    await edit(join(conf, name), '"/data"', JSON.stringify(join(folder, 'data')))
  }
  await cp(join(secrets, 'broker'), join(conf, 'secrets'), { recursive: true })
  const seedIn = async (name: string) => (await readFile(join(secrets, name), 'utf8')).trim()
  const billing = newNkey('user')
  await addApi(conf, 'billing', billing.publicKey)
  const [publisher, api] = await Promise.all([seedIn('publisher/nats.nk'), seedIn('api/nats.nk')])
  const remove = () => rm(folder, { recursive: true, force: true })
  return { conf, secrets, seeds: { publisher, api, billing: billing.seed }, remove }
}

/** Starts one server with the shipped `nats.conf`, or with a file that the caller put beside it. */
export async function startGuardedBroker(
  file?: { name: string; content: string },
  makeSecrets?: MakeSecrets,
): Promise<GuardedBroker> {
  const { conf, secrets, seeds, remove } = await layOut(makeSecrets)
  if (file) await writeFile(join(conf, file.name), file.content)
  let monitor = ''
  const server = await startNatsServer({
    binary: await findNatsServer({ env: process.env }),
    jetstream: true,
    configFile: join(conf, file?.name ?? 'nats.conf'),
    // The shipped port is one for all; here several may run at once.
    flags: ['-m', '-1'],
    log(line) {
      monitor = /Starting http monitor on (127\.0\.0\.1:\d+)/.exec(line)?.[1] ?? monitor
    },
  }).catch(async (error: unknown) => {
    await remove()
    throw error
  })
  const end = async () => {
    await server.stop()
    await remove()
  }
  return {
    server,
    get monitor() {
      return `http://${monitor}`
    },
    secrets,
    conf,
    seeds,
    end,
  }
}

/** Replaces what must be there. */
export async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`)
  await writeFile(path, text.replaceAll(from, to))
}

/** Makes a running server read its configuration again, as `nats-server --signal reload` does. */
export function reload({ server }: GuardedBroker): void {
  process.kill(server.pid, 'SIGHUP')
}

/** One more API: its user in `accounts.conf`, its public key in `secrets/users.conf`. */
export async function addApi(conf: string, name: string, publicKey: string): Promise<void> {
  const accounts = await readFile(join(conf, 'accounts.conf'), 'utf8')
  const [user = ''] = /^ {6}\{\n {8}nkey: \$API_NKEY\n[\s\S]*?^ {6}\}\n/m.exec(accounts) ?? []
  if (user === '') throw new Error('accounts.conf has no user with $API_NKEY')
  const variable = `${name.toUpperCase()}_NKEY`
  const another = user
    .replace('$API_NKEY', `$${variable}`)
    .replace('rescind.presence.api', `rescind.presence.${name}`)
    .replace('_INBOX_api.', `_INBOX_${name}.`)
  await writeFile(join(conf, 'accounts.conf'), accounts.replace(user, user + another))
  const users = join(conf, 'secrets/users.conf')
  await writeFile(users, `${await readFile(users, 'utf8')}${variable}: ${publicKey}\n`)
}
