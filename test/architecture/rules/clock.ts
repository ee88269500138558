import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { roomOf, type SourceFile, walkNodes } from '../source-tree.ts'

const CLOCK = 'packages/protocol/src/clock.ts'
const MEND = 'take a Clock (packages/protocol/src/clock.ts) as an option and ask clock.now() or clock.monotonic()'
const READS = new Set(['Date.now', 'performance.now', 'process.hrtime', 'process.hrtime.bigint', 'process.uptime'])

/** Source takes the time from a Clock, so that tests can move it; one file reads the machine's clocks. */
export function clockReads(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = []
  for (const file of files) {
    if (roomOf(file.path) === undefined || file.path === CLOCK) continue
    walkNodes(file.ast, (node) => {
      const what = readOf(node)
      if (what !== undefined) findings.push(at(file, node, `${what} reads the machine's clock`, MEND))
    })
  }
  return findings
}

function readOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.getText().replace(/^globalThis\./, '')
    // Without its call too: `const now = Date.now` is the same clock. The outer access of hrtime.bigint reports itself.
    return READS.has(name) && !ts.isPropertyAccessExpression(node.parent) ? name : undefined
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : undefined
  }
  return ts.isCallExpression(node) && node.expression.getText() === 'Date' ? 'Date()' : undefined
}
