import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js'
import type { ConfigMap, Container, PodSpec, Service } from 'kubernetes-types/core/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { parseAllDocuments } from 'yaml'
import { readConfig as readPublisherConfig } from '../../services/publisher/src/config.ts'
import { HELP as PUBLISHER_HELP } from '../../services/publisher/src/help.ts'
import { ANSWER_PATIENCE_MS, CLOSE_PATIENCE_MS } from '../../services/publisher/src/limits.ts'
import { setUp } from '../../services/publisher/src/setup.ts'
import { readConfig as readSampleApiConfig } from '../../services/sample-api/src/config.ts'
import { HELP as SAMPLE_API_HELP } from '../../services/sample-api/src/help.ts'
import { assertNone } from './finding.ts'
import { type KubernetesObject, type Manifest, schemaFindings } from './kubernetes-schema.ts'
import { ROOT } from './source-tree.ts'

const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

/** Every document of a file; a mistake in its YAML, such as a key that stands twice, fails. */
function objectsIn(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], [])
    return document.toJS()
  })
}

function manifestAt(path: string): Manifest {
  return { path, objects: objectsIn(readFileSync(join(ROOT, path), 'utf8')) }
}

const SERVICES = [
  {
    manifest: manifestAt('services/publisher/kubernetes/publisher.yaml'),
    help: PUBLISHER_HELP,
    readConfig: readPublisherConfig,
    /** What may take how long after SIGTERM and its own delay: whoever waits for the log, then slow clients. */
    stopMs: ANSWER_PATIENCE_MS + CLOSE_PATIENCE_MS,
    /** Where `--setup` leaves what stands in its Secret. */
    secrets: 'publisher',
  },
  {
    manifest: manifestAt('services/sample-api/kubernetes/sample-api.yaml'),
    help: SAMPLE_API_HELP,
    readConfig: readSampleApiConfig,
    stopMs: CLOSE_PATIENCE_MS,
    secrets: 'api',
  },
]

/** What is no variable of ours. */
const OF_NODE = ['NODE_OPTIONS']

function only<T>({ objects }: Manifest, ...kinds: readonly string[]): T {
  const found = objects.filter(({ kind }) => kinds.includes(kind))
  assert.equal(found.length, 1, `one ${kinds.join(' or ')}`)
  return found[0] as T
}

/** What makes the pods. */
function workloadOf(manifest: Manifest): Deployment | StatefulSet {
  return only(manifest, 'Deployment', 'StatefulSet')
}

/** The Service by which the others call it; beside it there may be some for their own purposes. */
function serviceOf({ objects }: Manifest): Service {
  const [service] = objects.filter(({ kind }) => kind === 'Service')
  assert.ok(service)
  return service as Service
}

function podOf(manifest: Manifest): { pod: PodSpec; container: Container; labels: Record<string, string> } {
  const { template } = workloadOf(manifest).spec ?? {}
  assert.ok(template?.spec && template.metadata?.labels)
  const [container, ...others] = template.spec.containers
  assert.ok(container && others.length === 0)
  return { pod: template.spec, container, labels: template.metadata.labels }
}

/** What the container gets, with the paths of mounted secrets led to where `--setup` wrote them. */
function environmentOf(manifest: Manifest): Record<string, string> {
  const { container } = podOf(manifest)
  const config = only<ConfigMap>(manifest, 'ConfigMap')
  assert.deepEqual(container.envFrom, [{ configMapRef: { name: config.metadata?.name } }])
  assert.equal(container.env, undefined)
  return { ...config.data }
}

test('every object is as the schemas of Kubernetes want it, without an unknown field', () => {
  const manifests = SERVICES.map(({ manifest }) => manifest)
  assert.ok(manifests.every(({ objects }) => objects.length >= 4))
  assertNone('Manifests that a cluster takes as they are meant.', schemaFindings(manifests))
})

test('the check finds unknown fields, wrong types, what is missing, and kinds that there are not', () => {
  const good = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: [{ port: 1 }] } }
  const pod = (container: object) => ({ ...good, kind: 'Pod', spec: { containers: [{ name: 'c', ...container }] } })
  const findings = (object: object) =>
    schemaFindings([{ path: 'a.yaml', objects: [object as KubernetesObject] }]).map(({ where }) => where)
  assert.deepEqual(findings(good), [])
  assert.deepEqual(findings(pod({ ports: [{ containerPort: 1 }] })), [])
  const bad: readonly object[] = [
    { ...good, sepc: {} },
    { ...good, spec: { ports: [{ port: 1, targetport: 2 }] } },
    { ...good, spec: { ports: [{ port: '1' }] } },
    { ...good, spec: { ports: [{ name: 'a' }] } },
    { ...good, metadata: { name: 'a', labels: { a: true } } },
    { ...good, apiVersion: 'v2' },
    { ...good, kind: 'Servise' },
    pod({ readOnlyRootFilesystem: true }),
    pod({ ports: [{ port: 1 }] }),
  ]
  for (const object of bad) assert.equal(findings(object).length > 0, true, JSON.stringify(object))
  assert.match(findings(bad[0] as object).join(), /^a\.yaml: Service a$/)
})

for (const { manifest, help, readConfig, stopMs, secrets } of SERVICES) {
  describe(manifest.path, () => {
    let folder = ''
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'rescind-manifest-'))
      assert.deepEqual((await setUp(folder, [])).mistakes, [])
    })
    after(() => rmSync(folder, { recursive: true, force: true }))

    test('every variable is known to the service, which finds no mistake in them', () => {
      const env = environmentOf(manifest)
      const strangers = Object.keys(env).filter((name) => {
        const shown = [name, name.replace(/_FILE$/, '')]
        return !OF_NODE.includes(name) && !shown.some((text) => new RegExp(`\\b${text}\\b`).test(help))
      })
      assert.deepEqual(strangers, [])
      for (const [name, value] of Object.entries(env)) {
        if (name.endsWith('_FILE')) env[name] = value.replace(/^\/secrets/, folder)
      }
      const read = readConfig(env)
      assert.deepEqual(read.ok ? [] : read.mistakes, [])
      assert.equal(readConfig({ ...env, RESCIND_PORT: 'x' }).ok, false)
    })

    test('every file that a variable names is mounted from a Secret of which --setup makes the content', () => {
      const { pod, container } = podOf(manifest)
      const [mount, ...others] = (container.volumeMounts ?? []).filter(({ readOnly }) => readOnly)
      assert.ok(mount && others.length === 0)
      const secret = pod.volumes?.find(({ name }) => name === mount.name)?.secret
      const files = (secret?.items ?? []).map(({ path }) => join(mount.mountPath, path))
      const named = Object.entries(environmentOf(manifest)).filter(([name]) => name.endsWith('_FILE'))
      assert.deepEqual(named.map(([, path]) => path).sort(), files.sort())
      for (const { key } of secret?.items ?? []) assert.ok(readFileSync(join(folder, secrets, key), 'utf8'))
    })

    test('no secret stands in it', () => {
      const text = readFileSync(join(ROOT, manifest.path), 'utf8')
      assert.ok(!manifest.objects.some(({ kind }) => kind === 'Secret'))
      for (const secret of [/\brsk_/, /\bSU[A-Z2-7]{20}/, /BEGIN/, /:\/\/[^/\s]*@/]) assert.doesNotMatch(text, secret)
      const plain = Object.keys(environmentOf(manifest)).filter((name) => /TOKEN|KEYS|NKEY|CREDS|PASSWORD/.test(name))
      assert.ok(plain.every((name) => name.endsWith('_FILE')))
    })

    test('ports, probes, selectors and the image belong together', () => {
      const { container, labels } = podOf(manifest)
      const { spec: workload } = workloadOf(manifest)
      const { spec: service } = serviceOf(manifest)
      const { spec: budget } = only<PodDisruptionBudget>(manifest, 'PodDisruptionBudget')
      const [port] = container.ports ?? []
      assert.equal(String(port?.containerPort), environmentOf(manifest).RESCIND_PORT)
      assert.deepEqual(service?.ports, [{ name: port?.name, port: port?.containerPort, targetPort: port?.name }])
      const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe]
      assert.deepEqual(
        probes.map((probe) => [probe?.httpGet?.port, probe?.httpGet?.path]),
        ['/livez', '/livez', '/readyz'].map((path) => [port?.name, path]),
      )
      const selector = workload?.selector.matchLabels ?? {}
      assert.ok(Object.entries(selector).length > 0)
      for (const [name, value] of Object.entries(selector)) assert.equal(labels[name], value)
      assert.deepEqual(service?.selector, selector)
      assert.deepEqual(budget?.selector?.matchLabels, selector)
      assert.match(container.image ?? '', new RegExp(`:${VERSION.replaceAll('.', '\\.')}$`))
    })

    test('what a stop may take fits into its grace period', () => {
      const { pod, container } = podOf(manifest)
      const [command, seconds] = container.lifecycle?.preStop?.exec?.command ?? []
      assert.equal(command, 'sleep')
      const delayMs = Number(environmentOf(manifest).RESCIND_SHUTDOWN_DELAY_MS ?? 0)
      const neededSec = Number(seconds) + (delayMs + stopMs) / 1000
      const graceSec = pod.terminationGracePeriodSeconds ?? 30
      assert.ok(graceSec >= neededSec + 5, `${graceSec} s, and a stop may take ${neededSec} s`)
      const { readinessProbe: probe } = container
      const noticedSec = (probe?.periodSeconds ?? 10) * (probe?.failureThreshold ?? 3)
      assert.ok(Number(seconds) >= noticedSec, 'a proxy that looks at readiness has noticed by then')
    })

    test('it runs with no more rights than it needs', () => {
      const { pod, container } = podOf(manifest)
      assert.equal(pod.automountServiceAccountToken, false)
      assert.equal(pod.securityContext?.runAsNonRoot, true)
      assert.equal(pod.securityContext?.seccompProfile?.type, 'RuntimeDefault')
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    })
  })
}

test('the Store of a publisher is on a volume of its own, that outlives its pod', () => {
  const [publisher] = SERVICES.map(({ manifest }) => manifest)
  assert.ok(publisher)
  const { spec } = only<StatefulSet>(publisher, 'StatefulSet')
  const { container } = podOf(publisher)
  const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name)
  const [mount, ...others] = (container.volumeMounts ?? []).filter(({ name }) => claims.includes(name))
  assert.ok(mount && others.length === 0)
  assert.ok(environmentOf(publisher).RESCIND_STORE_DIR?.startsWith(`${mount.mountPath}/`))
  assert.equal(spec?.persistentVolumeClaimRetentionPolicy?.whenScaled, 'Retain')
  const named = publisher.objects.filter(({ kind }) => kind === 'Service') as Service[]
  const headless = named.find(({ metadata }) => metadata?.name === spec?.serviceName)
  assert.equal(headless?.spec?.clusterIP, 'None')
  for (const { spec: service } of named) assert.deepEqual(service?.selector, spec?.selector.matchLabels)
})

test('the API is called on the broker and by the publisher as both were told', () => {
  const [publisher, api] = SERVICES.map(({ manifest }) => manifest)
  assert.ok(publisher && api)
  const [theirs, ours] = [environmentOf(publisher), environmentOf(api)]
  assert.equal(ours.RESCIND_NAME, 'api')
  const service = serviceOf(publisher)
  assert.equal(
    ours.RESCIND_SNAPSHOT_URL,
    `http://${service.metadata?.name}:${service.spec?.ports?.[0]?.port}/v1/snapshot`,
  )
  for (const name of ['NATS_URL', 'RESCIND_ISSUER', 'RESCIND_MAX_EXPIRY', 'RESCIND_IMPORTED']) {
    assert.equal(ours[name], theirs[name], name)
  }
})
