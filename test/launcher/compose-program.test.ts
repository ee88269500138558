import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findCompose, NoCompose } from './compose-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'rescind-compose-'))
after(() => rmSync(folder, { recursive: true }))

/** A PATH on which only these programs stand, each a shell script. */
function pathWith(scripts: Record<string, string>): NodeJS.ProcessEnv {
  const path = mkdtempSync(join(folder, 'path-'))
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(path, name), 0o755)
  }
  return { PATH: path }
}

const ENGINE = `case "$*" in --version) echo Docker ;; version*) echo 28.2.2 ;;`

test('docker compose is taken before docker-compose, which is taken where the plugin is absent', async () => {
  const both = pathWith({
    docker: `${ENGINE} "compose version --short") echo v2.30.1 ;; esac`,
    'docker-compose': 'echo 1.29.2',
  })
  assert.deepEqual(await findCompose(both), {
    program: 'docker',
    args: ['compose'],
    version: '2.30.1',
    engine: '28.2.2',
  })
  const older = pathWith({ docker: `${ENGINE} *) exit 1 ;; esac`, 'docker-compose': 'echo 1.29.2' })
  const { program, args, version } = await findCompose(older)
  assert.deepEqual({ program, args, version }, { program: 'docker-compose', args: [], version: '1.29.2' })
})

test('what is missing is named, with what to do: docker, an engine, a compose that is new enough', async () => {
  const says = async (env: NodeJS.ProcessEnv, ...parts: RegExp[]) => {
    const error = await findCompose(env).catch((cause: unknown) => cause)
    assert.ok(error instanceof NoCompose, String(error))
    for (const part of parts) assert.match(error.message, part)
  }
  await says(pathWith({}), /There is no docker on this machine/, /apt-get install -y docker\.io docker-compose/)
  const noEngine = 'case "$*" in --version) echo Docker ;; *) echo "Cannot connect to the daemon" >&2; exit 1 ;; esac'
  await says(
    pathWith({ docker: noEngine }),
    /reaches no engine: .*Cannot connect to the daemon/,
    /systemctl start docker/,
  )
  const docker = `${ENGINE} *) exit 1 ;; esac`
  await says(pathWith({ docker }), /neither `docker compose` nor docker-compose 1\.29/)
  await says(pathWith({ docker, 'docker-compose': 'echo 1.25.0' }), /neither/)
})
