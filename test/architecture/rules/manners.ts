import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { roomOf, type SourceFile, walkNodes } from '../source-tree.ts'

/** The `rescind` command: a program that a package brings along. Its other files get what they need from this one. */
const PROGRAM = 'packages/client/src/cli/main.ts'

/** Packages are guests in someone's process: they write through a Logger, take options, and leave the process alone. */
export function manners(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = []
  for (const file of files.filter(({ path }) => roomOf(path) !== undefined)) {
    walkNodes(file.ast, (node) => {
      const bad = ts.isPropertyAccessExpression(node) ? misconduct(node, file.path) : undefined
      if (bad) findings.push(at(file, node, ...bad))
    })
  }
  return findings
}

function misconduct(node: ts.PropertyAccessExpression, path: string): [string, string] | undefined {
  const name = node.getText()
  if (/^console\.\w+$/.test(name)) return [`${name} in source`, 'take a Logger as an option; services log with pino']
  if (!path.startsWith('packages/') || path === PROGRAM) return undefined
  if (name === 'process.env')
    return ['a package reads the environment', 'take an option: services read the environment']
  if (name === 'process.exit' || name === 'process.on') {
    return [`a package calls ${name}`, 'reject or throw, and let the program decide']
  }
  return undefined
}
