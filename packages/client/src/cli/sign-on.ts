import { readFile } from 'node:fs/promises'
import { type Client, createClient } from '../client.ts'
import { MAX_TIMEOUT_MS } from '../limits.ts'
import { usageFailure } from './failure.ts'
import type { Given } from './options.ts'
import type { Terminal } from './terminal.ts'
import { durationMs } from './times.ts'

/** Where a publisher listens that was told nothing else. */
const DEFAULT_URL = 'http://127.0.0.1:8080'

/** A client of the publisher that the environment names, with the credentials that stand there. */
export async function signOn({ env, signal }: Terminal, given: Given): Promise<Client> {
  const key = await keyFrom(env)
  // With --wait it is the publisher that waits.
  const timeoutMs = given.timeout === undefined ? undefined : durationMs(given.timeout)
  if (given.timeout !== undefined && (timeoutMs === undefined || timeoutMs < 100 || timeoutMs > MAX_TIMEOUT_MS)) {
    throw usageFailure(`--timeout: is a duration such as 500ms, 5s or 1m, from 100ms to ${MAX_TIMEOUT_MS / 60_000}m`)
  }
  return createClient({
    url: given.url ?? (env.RESCIND_URL || DEFAULT_URL),
    key,
    signal,
    ...(given.wait === undefined && { timeoutMs }),
  })
}

/** The key, without the end of its line. Never shown, whatever is wrong with it. */
async function keyFrom(env: Terminal['env']): Promise<string | undefined> {
  const { RESCIND_KEY: key = '', RESCIND_KEY_FILE: path = '' } = env
  if (key !== '' && path !== '') throw usageFailure('RESCIND_KEY and RESCIND_KEY_FILE are both set: which is meant?')
  const text = path === '' ? key.trim() : await fileText(path)
  if (text === '') return undefined
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw usageFailure(
    `${path === '' ? 'RESCIND_KEY' : 'the file of RESCIND_KEY_FILE'} is to hold one key, and nothing else`,
  )
}

async function fileText(path: string): Promise<string> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    if (text !== '') return text
  } catch (error) {
    throw usageFailure(`RESCIND_KEY_FILE: cannot read ${path}: ${(error as Error).message}`)
  }
  throw usageFailure(`RESCIND_KEY_FILE: ${path} is empty`)
}
