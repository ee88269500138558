import { join } from 'node:path'
import ts from 'typescript'
import type { Finding } from './finding.ts'
import { ROOT } from './source-tree.ts'

/** One document of a manifest, as YAML reads it. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
}

/** A manifest's objects, and the file that they stand in. */
export interface Manifest {
  readonly path: string
  readonly objects: readonly KubernetesObject[]
}

const MEND = 'see the field in the Kubernetes API reference'

/**
 * Checks objects strictly against the schemas of Kubernetes: every field must be known there, of its type, and present if
 * it is required. The schemas are those that `kubernetes-types` states, which is generated from the OpenAPI of Kubernetes,
 * and the compiler checks literals against them: what is no field of theirs is an error.
 */
export function schemaFindings(manifests: readonly Manifest[]): Finding[] {
  const sources = new Map(manifests.map((manifest, index) => [virtualPath(index), sourceOf(manifest)]))
  const program = ts.createProgram([...sources.keys()], OPTIONS, hostWith(sources))
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const index = [...sources.keys()].indexOf(diagnostic.file?.fileName ?? '')
    const line = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0
    const object = sources
      .get(virtualPath(index))
      ?.split('\n')
      .slice(0, line + 1)
    const where = `${manifests[index]?.path}: ${object?.findLast((text) => text.startsWith('// '))?.slice(3)}`
    return { where, what: ts.flattenDiagnosticMessageText(diagnostic.messageText, '; '), mend: MEND }
  })
}

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  types: [],
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
}

/** In `test`, whose packages it may import. Nothing is written there. */
function virtualPath(index: number): string {
  return join(ROOT, `test/architecture/manifest-${index}.ts`).replaceAll('\\', '/')
}

function sourceOf({ objects }: Manifest): string {
  const statements = objects.map((object, index) => {
    const { apiVersion, kind, metadata } = object
    return [
      `// ${kind} ${metadata?.name}`,
      `import type { ${kind} as Kind${index} } from 'kubernetes-types/${moduleOf(apiVersion)}'`,
      `export const object${index}: Kind${index} = ${JSON.stringify(object, null, 2)}`,
    ].join('\n')
  })
  return statements.join('\n')
}

/** `apps/v1` is apps/v1, `networking.k8s.io/v1` is networking/v1, and what has no group is core. */
function moduleOf(apiVersion: string): string {
  const [version, group = 'core'] = String(apiVersion).split('/').reverse()
  return `${group.replace(/\.k8s\.io$/, '')}/${version}`
}

function hostWith(sources: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS)
  const { fileExists, readFile, getSourceFile } = host
  return {
    ...host,
    fileExists: (path) => sources.has(path) || fileExists(path),
    readFile: (path) => sources.get(path) ?? readFile(path),
    getSourceFile: (path, target, ...rest) => {
      const text = sources.get(path)
      return text === undefined ? getSourceFile(path, target, ...rest) : ts.createSourceFile(path, text, target, true)
    },
  }
}
