import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { isTest, type SourceFile, walkNodes } from '../source-tree.ts'

const RUNNERS = new Set(['test', 'it', 'describe', 'suite', 't'])
const LEFT_OUT = new Set(['only', 'skip', 'todo'])
const RUN_ALL = 'run every test: mend it, or delete it with its reason in the commit'

/** No test is left out: no `.only`, `.skip` or `.todo`, and none of them as an option. */
export function leftOutTests(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = []
  for (const file of files.filter(({ path }) => isTest(path))) {
    walkNodes(file.ast, (node) => {
      const name = leftOut(node)
      if (name !== undefined) findings.push(at(file, node, `a test is left out by ${name}`, RUN_ALL))
    })
  }
  return findings
}

function leftOut(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node)) return undefined
  const { expression } = node
  if (ts.isPropertyAccessExpression(expression) && LEFT_OUT.has(expression.name.text)) {
    return RUNNERS.has(expression.expression.getText()) ? `.${expression.name.text}` : undefined
  }
  if (!RUNNERS.has(expression.getText()) && !/^t\.test$/.test(expression.getText())) return undefined
  for (const argument of node.arguments) {
    if (!ts.isObjectLiteralExpression(argument)) continue
    const option = argument.properties.find(({ name }) => name && LEFT_OUT.has(name.getText()))
    if (option) return `the option ${option.name?.getText()}`
  }
  return undefined
}
