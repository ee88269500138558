/** `pnpm openapi`: writes the document that the source describes to where it is committed. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openApiText } from '../../src/openapi/document.ts'

const file = new URL('../../openapi.json', import.meta.url)
writeFileSync(file, openApiText())
console.log(`written: ${fileURLToPath(file)}`)
