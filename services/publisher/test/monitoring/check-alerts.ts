/**
 * `pnpm test:alerts`: promtool, the real one, reads the alert rules, runs their unit tests, reads every query of the dashboard,
 * and reads what a running publisher answers to GET /metrics. Not part of `pnpm test`: promtool is not everywhere.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { withPublisher } from '../harness.ts'
import { MONITORING, queriesOf, readDashboard } from './dashboard.ts'

const MISSING = `promtool was not found. It comes with Prometheus 2.42 or newer. On Debian and Ubuntu:
  apt-get install -y --no-install-recommends prometheus && systemctl disable --now prometheus
Or put the one out of Prometheus' own archive into PATH.
`

/** True if it found nothing wrong; what it says goes to where ours does. */
function promtool(what: string, args: readonly string[], input?: string): boolean {
  process.stdout.write(`\n${what}\n`)
  const { status, error } = spawnSync('promtool', args, {
    cwd: MONITORING,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'inherit', 'inherit'],
    ...(input !== undefined && { input }),
  })
  if (error) throw error
  return status === 0
}

/** A recording rule of each query: what promtool takes in a rule, Prometheus takes from a panel. */
function checkQueries(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-queries-'))
  try {
    const rules = queriesOf(readDashboard()).map(({ expr }, index) => ({ record: `panel:query:${index}`, expr }))
    const file = join(folder, 'queries.yml')
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
    return promtool(`${rules.length} queries of the dashboard`, ['check', 'rules', file])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function checkMetrics(): Promise<boolean> {
  let text = ''
  await withPublisher({}, async (harness) => {
    text = (await harness.call('GET', '/metrics')).text
  })
  return promtool('what GET /metrics answers', ['check', 'metrics'], text)
}

if (spawnSync('promtool', ['--version'], { stdio: 'ignore' }).error) {
  process.stderr.write(MISSING)
  process.exitCode = 1
} else {
  const passed = [
    promtool('the rules', ['check', 'rules', 'alerts.yml']),
    promtool('their tests', ['test', 'rules', 'alerts.test.yml']),
    checkQueries(),
    await checkMetrics(),
  ]
  if (passed.includes(false)) process.exitCode = 1
  process.stdout.write(passed.includes(false) ? '\nsomething is wrong\n' : '\nall is well\n')
}
