import type { Finding } from '../finding.ts'
import type { TextFile } from '../source-tree.ts'

/** Lines that a TypeScript file may have: beyond, it holds more than one concept. */
export const MAX_LINES = 400

/** No file is longer than {@link MAX_LINES}. */
export function fileSizes(files: readonly TextFile[]): Finding[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
    if (lines <= MAX_LINES) return []
    const mend = 'find the second concept in it and give it a file that bears its name'
    return { where: path, what: `${lines} lines, above ${MAX_LINES}`, mend }
  })
}
