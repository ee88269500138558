import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { roomOf, type SourceFile, walkNodes } from '../source-tree.ts'

const ERRORS = 'packages/protocol/src/errors.ts'

/** Every member of the union ErrorCode has a docstring, and something throws it. */
export function errorCodes(files: readonly SourceFile[]): Finding[] {
  const errors = files.find(({ path }) => path === ERRORS)
  if (!errors)
    return [{ where: ERRORS, what: 'the file of the error codes is gone', mend: 'put ErrorCode there again' }]
  const used = new Set<string>()
  for (const file of files) {
    if (file.path === ERRORS || roomOf(file.path) === undefined) continue
    walkNodes(file.ast, (node) => {
      if (ts.isStringLiteralLike(node) && node.text.startsWith('ERR_')) used.add(node.text)
    })
  }
  return codesOf(errors).flatMap(({ code, node, documented }) => {
    const findings: Finding[] = []
    if (!documented) findings.push(at(errors, node, `${code} has no docstring`, 'say above it when it is thrown'))
    if (!used.has(code)) findings.push(at(errors, node, `${code} is thrown by nothing`, 'throw it, or take it out'))
    return findings
  })
}

function codesOf(file: SourceFile): { code: string; node: ts.Node; documented: boolean }[] {
  const found: { code: string; node: ts.Node; documented: boolean }[] = []
  for (const statement of file.ast.statements) {
    if (!ts.isTypeAliasDeclaration(statement) || statement.name.text !== 'ErrorCode') continue
    walkNodes(statement.type, (node) => {
      if (!ts.isLiteralTypeNode(node) || !ts.isStringLiteral(node.literal)) return
      // The comment stands before the bar, which the syntax tree does not keep: look at the text in front.
      const before = file.text
        .slice(0, node.getStart())
        .replace(/\|\s*$/, '')
        .trimEnd()
      found.push({ code: node.literal.text, node, documented: before.endsWith('*/') })
    })
  }
  return found
}
