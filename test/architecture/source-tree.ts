import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The repository's folder, with a separator at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** One file of the repository, by its path from the root with forward slashes. */
export interface TextFile {
  readonly path: string
  readonly text: string
}

/** A TypeScript file, parsed. */
export interface SourceFile extends TextFile {
  readonly ast: ts.SourceFile
}

/** Parses TypeScript text; a rule's own tests make their fixtures with it. */
export function source(path: string, text: string): SourceFile {
  return { path, text, ast: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true) }
}

// What is installed, built or left by a run; never part of the repository.
const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.rescind', 'results'])

/** The names directly in a folder of the repository that belong to it. */
export function entriesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).filter((name) => !NOT_OURS.has(name) && !name.endsWith('.tsbuildinfo'))
}

/** Every file of the repository whose name ends so, with its text. */
export function textFiles(...endings: readonly string[]): TextFile[] {
  const found: TextFile[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !NOT_OURS.has(entry.name)) walk(path)
      if (!entry.isFile() || !endings.some((ending) => entry.name.endsWith(ending))) continue
      found.push({ path: relative(ROOT, path).split(sep).join('/'), text: readFileSync(path, 'utf8') })
    }
  }
  walk(ROOT)
  return found
}

let parsed: readonly SourceFile[] | undefined

/** Every TypeScript file of the repository, read and parsed once. */
export function sourceTree(): readonly SourceFile[] {
  parsed ??= textFiles('.ts').map(({ path, text }) => source(path, text))
  return parsed
}

/** The `packages/x` or `services/x` that a file is the source of; undefined for tests and the rest. */
export function roomOf(path: string): string | undefined {
  return /^((?:packages|services)\/[^/]+)\/src\//.exec(path)?.[1]
}

/** True for a file that tests something, or helps such a file. The launcher is a program, apart from its own tests. */
export function isTest(path: string): boolean {
  if (path.endsWith('.test.ts')) return true
  return /^((packages|services)\/[^/]+\/test|test\/(?!launcher\/)[^/]+)\//.test(path)
}

/** Calls `visit` for every node below `node`, parents first. */
export function walkNodes(node: ts.Node, visit: (node: ts.Node) => void): void {
  ts.forEachChild(node, (child) => {
    visit(child)
    walkNodes(child, visit)
  })
}
