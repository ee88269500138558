import { rm } from 'node:fs/promises'
import { startDemoIssuer } from '../launcher/demo-issuer.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { makeRunFolder, REPOSITORY } from '../launcher/run-folder.ts'
import { stopOnSignals } from '../launcher/stop-on-signals.ts'
import { findOldVersion, type InstalledVersion, installOldVersion } from './old-version.ts'
import { HELP, readOptions } from './options.ts'
import { ORDERS } from './orders.ts'
import { type Row, tableOf, verdictOf } from './report.ts'
import { runOrder, runSnapshots } from './run-order.ts'

/** `pnpm test:upgrade`. Exit codes: 0 everything held, 1 something did not, 2 a mistake, 3 no old version or no broker. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if ('mistake' in options) {
    process.stderr.write(`${options.mistake}\n\n${HELP}`)
    return 2
  }
  const stop = stopOnSignals({ source: process, nowMs: () => performance.now(), endAtOnce: () => process.exit(130) })
  let old: InstalledVersion
  let natsServer: string
  try {
    natsServer = await findNatsServer({ env: process.env, log: say })
    const version = await findOldVersion(REPOSITORY, options.from)
    say(`old: ${version.label}; new: the working tree. Installing the old version in a folder of its own …`)
    old = await installOldVersion(REPOSITORY, version)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 3
  }
  const folder = await makeRunFolder()
  const rows: Row[] = []
  try {
    await runAll(old, { natsServer, folder, stop }, rows)
  } finally {
    await old.remove()
    process.stdout.write(`\n${tableOf(rows)}\n\n`)
  }
  const { held, text } = verdictOf(rows)
  say(`From ${old.label}: ${text}`)
  // What the processes wrote is all there is to find out why; the next run tidies it up.
  if (held) await rm(folder, { recursive: true, force: true })
  else say(`The output of the processes is in ${folder}`)
  return held ? 0 : 1
}

async function runAll(
  old: InstalledVersion,
  surroundings: { readonly natsServer: string; readonly folder: string; readonly stop: AbortSignal },
  rows: Row[],
): Promise<void> {
  const issuer = await startDemoIssuer('https://demo-issuer.example')
  const tell = (row: Row): void => {
    rows.push(row)
    say(`${row.problems.length === 0 ? '✔' : '✖'} ${row.order}: ${row.step}`)
    for (const problem of row.problems) say(`    ${problem}`)
  }
  const parts = { ...surroundings, issuer, roots: { old: old.root, new: REPOSITORY }, tell }
  try {
    await runSnapshots(parts)
    for (const order of ORDERS) await runOrder(order, parts)
  } finally {
    await issuer.close()
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  },
)
