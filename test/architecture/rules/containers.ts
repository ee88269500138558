import { isMap, type Pair, parseDocument, visit } from 'yaml'
import type { Finding } from '../finding.ts'

/** One service of docker-compose.yml, merged. */
interface Service {
  readonly image?: string
  readonly build?: unknown
  readonly ports?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly healthcheck?: { readonly test?: unknown; readonly disable?: boolean }
  readonly user?: string
  readonly privileged?: boolean
  readonly restart?: string
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition?: string }>> | readonly string[]
}

/** Who mounts which volume of secrets: everybody their own, and the one that makes them all. */
const SECRETS: Readonly<Record<string, readonly RegExp[]>> = {
  'publisher-secrets': [/^setup$/, /^publisher(-cluster)?$/],
  'api-secrets': [/^setup$/, /^api(-cluster)?$/],
  'broker-secrets': [/^setup$/, /^nats(-\d)?$/],
  'admin-secrets': [/^setup$/],
}

/** What only a newer compose than 1.29 reads. */
const TOO_NEW = ['start_interval', 'include', 'required', 'develop', 'provider', 'models', 'name', 'version']

/** Keys of this look, NATS seeds, hashes, URLs with a login: nothing of the kind belongs into a file that is committed. */
const SECRET =
  /rsk_\w|\bS[UAON][A-Z2-7]{20}|[0-9a-f]{32}|-----BEGIN|:\/\/[^/\s'"]*@|(PASSWORD|TOKEN|NKEY|CREDS|SECRET|KEYS?): *\S/

/** What is wrong with a compose file: secrets in it, services that are not hardened, gates that are missing. */
export function composeFaults(path: string, text: string): Finding[] {
  const found = (what: string, mend: string): Finding => ({ where: path, what, mend })
  const document = parseDocument(text, { merge: true })
  if (document.errors.length > 0) return [found(document.errors.join('; '), 'mend the YAML')]
  const services = Object.entries((document.toJS() as { services: Record<string, Service> }).services)
  const findings = services.flatMap(([name, service]) =>
    [...serviceFaults(name, service)].map(([what, mend]) => found(`${name} ${what}`, mend)),
  )
  for (const [index, line] of text.split('\n').entries()) {
    if (!SECRET.test(line)) continue
    findings.push({
      where: `${path}:${index + 1}`,
      what: 'looks like a secret',
      mend: 'mount it as a file of a volume',
    })
  }
  visit(document, {
    Pair(_, pair: Pair, ancestors) {
      const key = String(pair.key)
      const isTop = ancestors.length === 2
      if (key === 'name' || key === 'version' ? !isTop : !TOO_NEW.includes(key)) return
      findings.push(found(`${key} is not read by docker-compose 1.29`, 'leave it out'))
    },
  })
  return isMap(document.contents) ? findings : [found('it is no map', 'mend the YAML')]
}

function* serviceFaults(name: string, service: Service): Generator<[string, string]> {
  const once = service.restart === undefined
  if (service.read_only !== true) yield ['can write to its root file system', 'set read_only: true']
  if (!service.cap_drop?.includes('ALL')) yield ['keeps capabilities', 'set cap_drop: [ALL]']
  if (!service.security_opt?.includes('no-new-privileges:true')) yield ['may gain privileges', 'set security_opt']
  if (service.privileged) yield ['is privileged', 'take it out']
  if (service.build === undefined && !/^[1-9]\d*(:\d+)?$/.test(service.user ?? '')) {
    yield ['runs as whom its image says', 'set user to a number other than 0']
  }
  if (once ? !service.healthcheck?.disable : !service.healthcheck?.test) {
    yield ['has no healthcheck', 'let it gate what depends on it']
  }
  for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
    if (!/^service_(healthy|completed_successfully)$/.test(condition ?? '')) {
      yield [`does not wait until ${other} is ready`, 'give it a condition: service_healthy']
    }
  }
  if (/(^|[:\w])latest$/.test(service.image ?? '')) yield ['has no pinned image', 'name a version']
  for (const port of service.ports ?? []) {
    if (!port.startsWith('127.0.0.1:')) yield [`publishes ${port} to everyone`, 'bind it to 127.0.0.1']
    if (/^api\b/.test(name) && !/^127\.0\.0\.1::\d+$/.test(port)) {
      yield [`has the host port ${port}, so that it cannot scale`, 'leave the host port out']
    }
  }
  for (const volume of service.volumes ?? []) {
    const [source = '', , mode] = volume.split(':')
    const holders = SECRETS[source]
    if (holders && !holders.some((holder) => holder.test(name)))
      yield [`mounts ${source}`, 'mount only its own secrets']
    if ((holders || source.startsWith('.')) && mode !== 'ro' && name !== 'setup') {
      yield [`can write to ${source}`, 'mount it :ro']
    }
  }
}

/** What is wrong with a Dockerfile: what only one of the two builders reads, and images that run as root. */
export function dockerfileFaults(path: string, text: string): Finding[] {
  const findings: Finding[] = []
  const add = (line: number, what: string, mend: string) => findings.push({ where: `${path}:${line}`, what, mend })
  let stage = { line: 0, name: '', user: '', isBase: true }
  const close = () => {
    if (!stage.isBase && !/^(node|[1-9]\d*)/.test(stage.user)) {
      add(stage.line, `the image ${stage.name} runs as root`, 'let its last USER be node')
    }
  }
  const lines = text.split('\n')
  const based = new Set(lines.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? []))
  const copied = new Set(lines.flatMap((line) => /^COPY --from=(\S+)/.exec(line)?.[1] ?? []))
  for (const [index, line] of lines.entries()) {
    if (/--mount\b|<<[-"']?\w/.test(line)) add(index + 1, 'is not read by the classic builder', 'write it out in RUN')
    if (/^ADD\b/.test(line)) add(index + 1, 'ADD fetches and unpacks', 'use COPY')
    const from = /^FROM \S+ AS (\S+)/i.exec(line)
    if (from) {
      close()
      const name = from[1] ?? ''
      stage = { line: index + 1, name, user: '', isBase: based.has(name) || copied.has(name) }
    }
    const user = /^USER (\S+)/.exec(line)?.[1]
    if (user !== undefined) stage = { ...stage, user }
  }
  close()
  return findings
}
