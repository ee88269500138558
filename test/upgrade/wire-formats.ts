/**
 * What SPEC.md says of the wire formats, without its prose: the tables and examples of section 7. Two versions that agree
 * in it claim to read each other.
 */
export function wireFormatsIn(spec: string): string {
  const section = /^## 7\..*?$(.*?)^## 8\./ms.exec(spec)?.[1] ?? ''
  let inExample = false
  const kept = section.split('\n').filter((line) => {
    if (line.startsWith('```')) inExample = !inExample
    return inExample || line.startsWith('|')
  })
  // Tables are padded to their widest cell: one long word moves every line.
  return kept.map((line) => line.replaceAll(/[\s-]+/g, ' ')).join('\n')
}
