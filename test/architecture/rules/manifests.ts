import type { Finding } from '../finding.ts'
import { ROOMS } from '../rooms.ts'
import { roomOf, type SourceFile } from '../source-tree.ts'
import { importsOf } from './arrows.ts'

/** A package.json, with the folder that it lies in; the root's is the empty folder. */
export interface Manifest {
  readonly folder: string
  readonly json: {
    readonly name?: string
    readonly version?: string
    readonly type?: string
    readonly license?: string
    readonly engines?: { readonly node?: string }
    readonly dependencies?: Readonly<Record<string, string>>
    readonly devDependencies?: Readonly<Record<string, string>>
    readonly peerDependencies?: Readonly<Record<string, string>>
  }
}

const whereOf = ({ folder }: Manifest): string => (folder === '' ? 'package.json' : `${folder}/package.json`)

/** Everything that must be the same in all manifests: version, licence, module type, engine, and of one dependency one version. */
export function alignment(manifests: readonly Manifest[]): Finding[] {
  const root = manifests.find(({ folder }) => folder === '')
  if (!root) return [{ where: 'package.json', what: 'the root has no manifest', mend: 'put package.json there again' }]
  return [...manifests.flatMap((manifest) => differences(manifest, root)), ...differingVersions(manifests)]
}

function differences(manifest: Manifest, root: Manifest): Finding[] {
  const findings: Finding[] = []
  for (const field of ['version', 'license', 'type'] as const) {
    if (manifest.json[field] === root.json[field]) continue
    const what = `${field} is ${manifest.json[field]}, at the root ${root.json[field]}`
    findings.push({ where: whereOf(manifest), what, mend: `make it ${root.json[field]}` })
  }
  const engine = root.json.engines?.node
  if (roomFolder(manifest.folder) && manifest.json.engines?.node !== engine) {
    const what = `engines.node is ${manifest.json.engines?.node}, at the root ${engine}`
    findings.push({ where: whereOf(manifest), what, mend: `make it ${engine}` })
  }
  return findings
}

function differingVersions(manifests: readonly Manifest[]): Finding[] {
  const first = new Map<string, { range: string; where: string }>()
  return manifests.flatMap((manifest) =>
    Object.entries({ ...manifest.json.devDependencies, ...manifest.json.dependencies }).flatMap(([name, range]) => {
      const where = whereOf(manifest)
      if (name.startsWith('@rescind/')) {
        if (range === 'workspace:*') return []
        return { where, what: `${name} is asked for as ${range}`, mend: 'ask for workspace:*, the one beside it' }
      }
      const known = first.get(name)
      if (!known) first.set(name, { range, where })
      if (!known || known.range === range) return []
      const what = `${name} is ${range} here and ${known.range} in ${known.where}`
      return { where, what, mend: 'ask for one version everywhere' }
    }),
  )
}

/** A room's manifest names what its source imports, nothing else, and nothing above it; tsconfig.json refers to the same rooms. */
export function dependencies(
  manifests: readonly Manifest[],
  files: readonly SourceFile[],
  referencesOf: (folder: string) => readonly string[],
): Finding[] {
  return manifests
    .filter(({ folder }) => roomFolder(folder))
    .flatMap((manifest) => [
      ...undeclared(manifest, files),
      ...notBelow(manifest),
      ...differingReferences(manifest, referencesOf(manifest.folder)),
    ])
}

function undeclared(manifest: Manifest, files: readonly SourceFile[]): Finding[] {
  const { json, folder } = manifest
  const declared = new Set(Object.keys({ ...json.dependencies, ...json.peerDependencies }))
  const sources = files.filter(({ path }) => roomOf(path) === folder)
  const imported = new Set(sources.flatMap(importsOf).flatMap(({ module }) => packageOf(module) ?? []))
  const where = whereOf(manifest)
  const missing = [...imported].filter((name) => !declared.has(name))
  // A room whose source is not written yet may declare ahead.
  const unused = sources.length === 0 ? [] : [...declared].filter((name) => !imported.has(name))
  return [
    ...missing.map((name) => ({ where, what: `${name} is imported, not declared`, mend: 'add it to dependencies' })),
    ...unused.map((name) => ({
      where,
      what: `${name} is declared, not imported`,
      mend: 'take it out of dependencies',
    })),
  ]
}

function notBelow(manifest: Manifest): Finding[] {
  const below = ROOMS[manifest.folder]?.below ?? []
  return Object.keys(manifest.json.dependencies ?? {})
    .filter((name) => name.startsWith('@rescind/') && !below.includes(name.slice('@rescind/'.length)))
    .map((name) => ({
      where: whereOf(manifest),
      what: `${name} is not below ${manifest.folder}`,
      mend: 'an arrow only points down: see test/architecture/rooms.ts',
    }))
}

function differingReferences(manifest: Manifest, references: readonly string[]): Finding[] {
  const ours = Object.keys(manifest.json.dependencies ?? {}).filter((name) => name.startsWith('@rescind/'))
  const rooms = Object.keys(ROOMS)
  const wanted = ours.map((name) => rooms.find((room) => room.endsWith(name.slice('@rescind'.length))) ?? name).sort()
  if (wanted.join() === [...references].sort().join()) return []
  const what = `refers to ${references.join(', ') || 'nothing'}, and depends on ${wanted.join(', ') || 'nothing'}`
  return [
    { where: `${manifest.folder}/tsconfig.json`, what, mend: 'let references list exactly the rooms it depends on' },
  ]
}

/** `@scope/name` or `name` of an import; undefined for relative and Node's own. */
function packageOf(module: string): string | undefined {
  if (module.startsWith('.') || module.startsWith('node:')) return undefined
  return /^(@[^/]+\/[^/]+|[^/]+)/.exec(module)?.[1]
}

function roomFolder(folder: string): boolean {
  return /^(packages|services)\//.test(folder)
}
