import assert from 'node:assert/strict'
import type ts from 'typescript'
import type { SourceFile } from './source-tree.ts'

/** One place that breaks a rule: where, what is wrong there, and how to mend it. */
export interface Finding {
  /** `path:line`, or a path. */
  readonly where: string
  readonly what: string
  readonly mend: string
}

/** A finding at a node of a file. */
export function at(file: SourceFile, node: ts.Node, what: string, mend: string): Finding {
  const { line } = file.ast.getLineAndCharacterOfPosition(node.getStart(file.ast))
  return { where: `${file.path}:${line + 1}`, what, mend }
}

/** Fails with every finding, one a line, under the rule's sentence. */
export function assertNone(rule: string, findings: readonly Finding[]): void {
  const lines = findings.map(({ where, what, mend }) => `  ${where}: ${what}. Mend: ${mend}.`)
  if (lines.length > 0) assert.fail(`${rule}\n${lines.join('\n')}\n`)
}

/** The lines of the findings in a single-file fixture, for tests of the rules themselves. */
export function linesOf(findings: readonly Finding[]): number[] {
  for (const { what, mend } of findings) assert.ok(what.length > 10 && mend.length > 10, 'a finding says what and how')
  return findings.map(({ where }) => Number(where.split(':').at(-1)))
}
