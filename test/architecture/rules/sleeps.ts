import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { isTest, type SourceFile, walkNodes } from '../source-tree.ts'

const WAIT_FOR_IT = 'wait for the event itself, or look for the condition in a loop with a deadline'

/**
 * No test sleeps to wait: a pause is allowed only between two looks of a loop. Sleeping makes a test slow on a fast
 * machine and red on a busy one.
 */
export function sleeps(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = []
  for (const file of files.filter(({ path }) => isTest(path))) {
    const pauses = namesOfPauses(file.ast)
    walkNodes(file.ast, (node) => {
      if (!isPause(node, pauses) || isInLoop(node)) return
      findings.push(at(file, node, 'a test sleeps', WAIT_FOR_IT))
    })
  }
  return findings
}

/** What `setTimeout` of node:timers/promises is called in this file. */
function namesOfPauses(ast: ts.SourceFile): Set<string> {
  const names = new Set<string>()
  for (const statement of ast.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    if (!/^(node:)?timers\/promises$/.test(statement.moduleSpecifier.text)) continue
    const bindings = statement.importClause?.namedBindings
    if (!bindings || !ts.isNamedImports(bindings)) continue
    for (const { name, propertyName } of bindings.elements) {
      if ((propertyName ?? name).text === 'setTimeout') names.add(name.text)
    }
  }
  return names
}

function isPause(node: ts.Node, pauses: ReadonlySet<string>): boolean {
  if (ts.isCallExpression(node)) {
    const callee = node.expression.getText()
    return pauses.has(callee) || callee === 'Atomics.wait' || callee === 'scheduler.wait'
  }
  return ts.isNewExpression(node) && node.expression.getText() === 'Promise' && resolvesByTimer(node)
}

/** `new Promise((resolve) => setTimeout(resolve, …))`, also with a function around the resolve. A timer that rejects is a deadline. */
function resolvesByTimer(promise: ts.NewExpression): boolean {
  const [executor] = promise.arguments ?? []
  if (!executor || !(ts.isArrowFunction(executor) || ts.isFunctionExpression(executor))) return false
  const resolve = executor.parameters[0]?.name.getText()
  if (resolve === undefined) return false
  let found = false
  walkNodes(executor, (node) => {
    if (!ts.isCallExpression(node) || node.expression.getText() !== 'setTimeout') return
    const [callback] = node.arguments
    if (callback && (callback.getText() === resolve || calls(callback, resolve))) found = true
  })
  return found
}

function calls(node: ts.Node, name: string): boolean {
  let found = false
  walkNodes(node, (inner) => {
    if (ts.isCallExpression(inner) && inner.expression.getText() === name) found = true
  })
  return found
}

function isInLoop(node: ts.Node): boolean {
  for (let parent = node.parent; parent; parent = parent.parent) {
    if (ts.isIterationStatement(parent, false)) return true
    if (ts.isFunctionLike(parent)) return false
  }
  return false
}
