import ts from 'typescript'
import { at, type Finding } from '../finding.ts'
import { roomOf, type SourceFile } from '../source-tree.ts'

/** Every name that a source file exports says, right above it, what it means. */
export function docstrings(files: readonly SourceFile[]): Finding[] {
  return files.filter(({ path }) => roomOf(path) !== undefined).flatMap(undocumented)
}

function undocumented(file: SourceFile): Finding[] {
  const findings: Finding[] = []
  const documented = new Set<string>()
  const local = localExports(file.ast)
  for (const statement of file.ast.statements) {
    for (const name of namesOf(statement)) {
      if (!isExported(statement) && !local.has(name)) continue
      if (hasDocstring(statement)) documented.add(name)
      // Of overloads, and of a type and a value with one name, the first speaks for all.
      else if (!documented.has(name)) {
        const mend = 'write a /** … */ above it: meaning, units, range, errors, the rule or RFC it comes from'
        findings.push(at(file, statement, `${name} is exported without a docstring`, mend))
      }
    }
  }
  return findings
}

function hasDocstring(statement: ts.Statement): boolean {
  return ts.getJSDocCommentsAndTags(statement).some((doc) => {
    const text = ts.isJSDoc(doc) ? ts.getTextOfJSDocComment(doc.comment) : undefined
    return (text ?? '').trim().length > 0 || (ts.isJSDoc(doc) && (doc.tags?.length ?? 0) > 0)
  })
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  )
}

/** Names in `export { a, b as c }` without a module: they are declared, and documented, in this file. */
function localExports(ast: ts.SourceFile): Set<string> {
  const names = new Set<string>()
  for (const statement of ast.statements) {
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier || !statement.exportClause) continue
    if (!ts.isNamedExports(statement.exportClause)) continue
    for (const { name, propertyName } of statement.exportClause.elements) names.add((propertyName ?? name).text)
  }
  return names
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText())
  const { name } = statement as Partial<ts.NamedDeclaration>
  return name && ts.isIdentifier(name as ts.Node) ? [(name as ts.Identifier).text] : []
}

/** `index.ts` is the door: it re-exports by name and holds nothing itself. No file has a default export. */
export function doors(files: readonly SourceFile[]): Finding[] {
  return files.filter(({ path }) => roomOf(path) !== undefined).flatMap(doorFindings)
}

function doorFindings(file: SourceFile): Finding[] {
  const isDoor = file.path.endsWith('/src/index.ts')
  return file.ast.statements.flatMap((statement) => {
    if (isDefaultExport(statement)) {
      return at(file, statement, 'a default export', 'export it by name, so that everyone calls it the same')
    }
    const isNamed = ts.isExportDeclaration(statement) && statement.moduleSpecifier && statement.exportClause
    if (ts.isExportDeclaration(statement) && !statement.exportClause) {
      return at(file, statement, 'export * lets names out unseen', 'list the names: export { a, b } from …')
    }
    if (!isDoor || isNamed) return []
    return at(
      file,
      statement,
      'a door holds only named exports of other files',
      'move it into a file that bears its name',
    )
  })
}

function isDefaultExport(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : []
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
}
