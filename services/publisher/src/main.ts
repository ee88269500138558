import { natsLog, natsPublisherLog } from '@rescind/log'
import { newUserNkey } from '@rescind/log/operator'
import { openMeters } from '@rescind/telemetry'
import { type Command, readCommandLine } from './command-line.ts'
import { type ProcessConfig, printConfig, readConfig } from './config.ts'
import { HELP } from './help.ts'
import { newKey } from './keys.ts'
import { createLogger } from './logger.ts'
import { startPublisher } from './publisher.ts'
import { setUp } from './setup.ts'

/** The process: arguments and environment in, signals handled, exit code out. */
async function main(): Promise<void> {
  const command = readCommandLine(process.argv.slice(2))
  if (command.kind === 'help') return print(HELP)
  if (command.kind === 'mistaken') return refuse(command.mistakes)
  if (command.kind === 'new-key') return print(describeNewKey(command))
  if (command.kind === 'new-nkey') return print(describeNewNkey())
  if (command.kind === 'setup') return makeSecrets(command)
  const read = readConfig(process.env)
  if (!read.ok) return refuse(read.mistakes)
  if (command.kind === 'print-config') return print(`${printConfig(read.config)}\n`)
  await serve(read.config)
}

async function serve(config: ProcessConfig): Promise<void> {
  const logger = createLogger(config.logLevel, undefined, config.logHashKey)
  const publisher = await startPublisher({
    config: config.publisher,
    log: { publisher: natsPublisherLog(config.nats), replica: natsLog(config.nats) },
    logger,
    meters: openMeters({ service: 'rescind-publisher', env: process.env, logger }),
  })
  let stopping = false
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) process.exit(1)
    stopping = true
    logger.info({ signal }, 'stopping; once more to stop at once')
    await publisher.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** The key is shown here and nowhere else: only its hash is kept. */
function describeNewKey({ name, scopes }: Extract<Command, { kind: 'new-key' }>): string {
  const { key, kept } = newKey(name, scopes)
  return `Key of ${name}, to be given to it and stored nowhere else:\n${key}\n\nEntry for RESCIND_KEYS:\n${JSON.stringify(kept)}\n`
}

/** The seed is shown here and nowhere else. */
function describeNewNkey(): string {
  const { seed, publicKey } = newUserNkey()
  return `Seed, to be given to its user as NATS_NKEY and stored nowhere else:\n${seed}\n\nPublic key, for the broker:\n${publicKey}\n`
}

async function makeSecrets({ folder, routes }: Extract<Command, { kind: 'setup' }>): Promise<void> {
  const { lines, mistakes } = await setUp(folder, routes)
  for (const line of lines) print(`${line}\n`)
  for (const mistake of mistakes) process.stderr.write(`${mistake}\n`)
  if (mistakes.length > 0) process.exitCode = 2
}

function print(text: string): void {
  process.stdout.write(text)
}

function refuse(mistakes: readonly string[]): void {
  for (const mistake of mistakes) process.stderr.write(`${mistake}\n`)
  process.stderr.write('Nothing was started. --help lists every option and variable.\n')
  process.exitCode = 2
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
