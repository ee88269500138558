import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { isTest, type SourceFile, walkNodes } from '../source-tree.ts'

const CHECKS = /assert|expect|until|eventually|must/i

/**
 * Every test asserts something: by itself, through a function of its own file, or through a helper of another test file.
 * What the source under test does is no assertion.
 */
export function emptyTests(files: readonly SourceFile[]): Finding[] {
  return files.filter(({ path }) => isTest(path)).flatMap(testsWithout)
}

function testsWithout(file: SourceFile): Finding[] {
  const helpers = helpersOf(file.ast)
  const findings: Finding[] = []
  walkNodes(file.ast, (node) => {
    const body = testBody(node)
    if (!body || asserts(body, helpers)) return
    findings.push(at(file, node, 'a test asserts nothing', 'assert what must be so after it, or delete it'))
  })
  return findings
}

function testBody(node: ts.Node): ts.Node | undefined {
  if (!ts.isCallExpression(node) || !/^(test|it|t\.test)$/.test(node.expression.getText())) return undefined
  return node.arguments.find((argument) => ts.isArrowFunction(argument) || ts.isFunctionExpression(argument))
}

function asserts(body: ts.Node, helpers: ReadonlySet<string>): boolean {
  let found = false
  walkNodes(body, (node) => {
    if (!ts.isCallExpression(node)) return
    const callee = node.expression.getText()
    const root = callee.split(/[.(<]/)[0] ?? ''
    if (CHECKS.test(callee) || helpers.has(root)) found = true
  })
  return found
}

/** Functions of this file that assert, and everything that comes from a test file beside it. */
function helpersOf(ast: ts.SourceFile): Set<string> {
  const helpers = new Set<string>()
  // Twice, so that a helper that asserts through a later one counts too.
  for (let round = 0; round < 2; round += 1) {
    for (const statement of ast.statements) {
      if (ts.isImportDeclaration(statement)) addImported(statement, helpers)
      if (ts.isFunctionDeclaration(statement) && statement.name && asserts(statement, helpers)) {
        helpers.add(statement.name.text)
      }
      if (!ts.isVariableStatement(statement)) continue
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (initializer && asserts(initializer, helpers)) helpers.add(name.getText())
      }
    }
  }
  return helpers
}

function addImported(statement: ts.ImportDeclaration, helpers: Set<string>): void {
  const { text } = statement.moduleSpecifier as ts.StringLiteral
  const bindings = statement.importClause?.namedBindings
  if (!text.startsWith('.') || text.includes('/src/') || !bindings || !ts.isNamedImports(bindings)) return
  for (const { name } of bindings.elements) helpers.add(name.text)
}
