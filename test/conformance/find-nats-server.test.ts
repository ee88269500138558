import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { startNatsServer } from '../launcher/nats-server.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-find-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

describe('finding a nats-server', () => {
  it('takes NATS_SERVER_BIN before PATH, and PATH before everything else', async () => {
    const onPath = await program('nats-server', 'exit 0')
    const named = await program('my-nats', 'exit 0')
    const env = { PATH: `/nowhere:${folder}` }
    assert.equal(await findNatsServer({ env }), onPath)
    assert.equal(await findNatsServer({ env: { ...env, NATS_SERVER_BIN: named } }), named)
  })

  it('a NATS_SERVER_BIN that cannot be run is an error with the four ways, not a reason to look elsewhere', async () => {
    await assert.rejects(
      findNatsServer({ env: { ...process.env, NATS_SERVER_BIN: join(folder, 'absent') } }),
      (error) => {
        for (const way of ['apt-get install', 'brew install', 'docker run', 'go install', 'NATS_URL=']) {
          assert.ok(String(error).includes(way), way)
        }
        return true
      },
    )
  })

  it('one that ends at once, or cannot be run, is an error with what it said', async () => {
    const broken = await program('broken', 'echo "no licence for you" >&2; exit 7')
    const options = { storeDir: folder, jetstream: true } as const
    await assert.rejects(startNatsServer({ ...options, binary: broken }), /ended at once with 7\nno licence for you/)
    await assert.rejects(startNatsServer({ ...options, binary: join(folder, 'absent') }), /could not be run.*ENOENT/)
  })
})
