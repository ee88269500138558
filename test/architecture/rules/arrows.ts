import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { KEPT_IN, PURE_MODULES, PURE_ROOMS, ROOMS } from '../rooms.ts'
import { roomOf, type SourceFile, walkNodes } from '../source-tree.ts'

/** One module that a file names: by import, export … from, or import(). */
export interface Import {
  readonly module: string
  readonly node: ts.Node
}

/** Every module that a file imports, types included: an arrow is an arrow. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = []
  walkNodes(file.ast, (node) => {
    const specifier = specifierOf(node)
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ module: specifier.text, node })
  })
  return found
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0]
  return undefined
}

/** Arrows point down: the source of a room imports only what its row in rooms.ts names. */
export function arrows(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const room = roomOf(file.path)
    if (room === undefined) return []
    return importsOf(file).flatMap((found) => arrowOf(file, room, found) ?? [])
  })
}

function arrowOf(file: SourceFile, room: string, { module, node }: Import): Finding | undefined {
  if (module.startsWith('.'))
    return leavesRoom(file.path, room, module) ? at(file, node, ...outside(module)) : undefined
  const terms = ROOMS[room]
  if (!terms) return at(file, node, `${room} is no room of this house`, 'give it a floor in test/architecture/rooms.ts')
  const ours = /^@rescind\/([^/]+)/.exec(module)?.[1]
  if (ours !== undefined) {
    if (terms.below.includes(ours)) return undefined
    return at(file, node, `${room} imports ${module}, which is not below it`, downwards(terms.below))
  }
  if (terms.others.some((other) => (/[/:]$/.test(other) ? module.startsWith(other) : module === other)))
    return undefined
  if (PURE_ROOMS.includes(room) && PURE_MODULES.includes(module)) return undefined
  const mend = `do without it here, or name it in the row of ${room} in test/architecture/rooms.ts with its reason`
  return at(file, node, `${room} imports ${module}`, mend)
}

function downwards(below: readonly string[]): string {
  const list = below.map((name) => `@rescind/${name}`).join(', ')
  return `import from ${list || 'nothing'} only; move what both need to a lower floor`
}

function leavesRoom(path: string, room: string, module: string): boolean {
  return !new URL(module, `file:///${path}`).pathname.startsWith(`/${room}/src/`)
}

function outside(module: string): [string, string] {
  return [`${module} reaches out of the room's own src folder`, 'import the other room by its package name']
}

/** Modules that are kept in one place: NATS, pino, jose, frameworks, a replica's inside. */
export function keptModules(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ module, node }) =>
      KEPT_IN.filter((kept) => kept.module.test(module) && !kept.files.test(file.path)).map(({ mend }) =>
        at(file, node, `${module} is not imported here`, mend),
      ),
    ),
  )
}

const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch'])

/** The lowest floors compute: no timer, no request. */
export function pureRooms(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = []
  for (const file of files.filter(({ path }) => PURE_ROOMS.includes(roomOf(path) ?? ''))) {
    walkNodes(file.ast, (node) => {
      if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || !TIMERS.has(node.expression.text)) return
      const mend = 'make the long walk a generator that yields, and let the caller drive it'
      findings.push(at(file, node, `${node.expression.text}() in a room without I/O and timers`, mend))
    })
  }
  return findings
}
