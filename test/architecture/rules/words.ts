import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { roomOf, type SourceFile, type TextFile, walkNodes } from '../source-tree.ts'

/** A word that is not ours, where it must not stand, and ours. */
interface Word {
  readonly word: string
  readonly ours: string
  readonly files: RegExp
}

/** Words that no text of the repository holds, whatever the file. */
const NEVER = [
  { pattern: /black-?list|white-?list/i, ours: 'Denylist' },
  { pattern: /block-?list/i, ours: 'Denylist' },
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, ours: 'what is so, after doing it' },
] as const

/** Words that no name declared in source holds. Node's own (`readFileSync`, `child.kill`) are not declared by us. */
const NAMES: readonly Word[] = [
  // In the Store it is the fsync.
  { word: 'sync', ours: 'follow, join or catch up', files: /^(?!services\/publisher\/src\/store\/)/ },
  { word: 'consumer', ours: 'Replica', files: /./ },
  { word: 'kill', ours: 'revoke, stop or close', files: /./ },
  // Elsewhere a cache may be one: of keys, of answers to repeated requests.
  { word: 'cache', ours: 'Denylist', files: /^packages\/(protocol|denylist|log|subscriber)\// },
]

/** One word for each thing: texts and names hold none of the words that are not ours. */
export function foreignWords(texts: readonly TextFile[], files: readonly SourceFile[]): Finding[] {
  return [...texts.flatMap(wordsInText), ...files.filter(({ path }) => roomOf(path)).flatMap(wordsInNames)]
}

function wordsInText({ path, text }: TextFile): Finding[] {
  // This folder has to name them.
  if (path.startsWith('test/architecture/')) return []
  return text.split('\n').flatMap((line, index) =>
    NEVER.filter(({ pattern }) => pattern.test(line)).map(({ pattern, ours }) => ({
      where: `${path}:${index + 1}`,
      what: `the word ${pattern.exec(line)?.[0]} is not ours`,
      mend: `say ${ours}`,
    })),
  )
}

function wordsInNames(file: SourceFile): Finding[] {
  const findings: Finding[] = []
  walkNodes(file.ast, (node) => {
    const name = declaredName(node)
    if (name === undefined) return
    const parts = name.split(/(?=[A-Z])|_|-/).map((part) => part.toLowerCase())
    for (const { word, ours, files } of NAMES) {
      if (!files.test(file.path) || !parts.some((part) => part === word || part === `${word}s`)) continue
      findings.push(at(file, node, `the name ${name} holds the word ${word}`, `use our word: ${ours}`))
    }
  })
  return findings
}

function declaredName(node: ts.Node): string | undefined {
  const declares =
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isMethodSignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertySignature(node)
  if (!declares || !node.name) return undefined
  return ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name) ? node.name.text.replace(/^#/, '') : undefined
}
