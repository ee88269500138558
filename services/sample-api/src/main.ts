import { httpSnapshot, isRescindError, natsLog } from '@rescind/subscriber'
import { openMeters, serviceLogger } from '@rescind/telemetry'
import { type ProcessConfig, readConfig } from './config.ts'
import { HELP } from './help.ts'
import { startSampleApi } from './sample-api.ts'

/** The process: environment in, signals handled, exit code out. */
async function main(): Promise<void> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(HELP)
    return
  }
  const read = readConfig(process.env)
  if (!read.ok) {
    for (const mistake of read.mistakes) process.stderr.write(`${mistake}\n`)
    process.stderr.write('Nothing was started. --help lists every variable.\n')
    process.exitCode = 2
    return
  }
  await serve(read.config)
}

async function serve(config: ProcessConfig): Promise<void> {
  const { logLevel: level, logHashKey: hashKey } = config
  const logger = serviceLogger({ name: config.api.name ?? 'sample-api', level, ...(hashKey && { hashKey }) })
  const api = await startSampleApi({
    config: config.api,
    log: natsLog(config.nats),
    snapshot: httpSnapshot(
      config.snapshotUrl,
      config.snapshotToken === undefined ? {} : { token: config.snapshotToken },
    ),
    logger,
    meters: openMeters({ service: 'rescind-sample-api', env: process.env, logger }),
  })
  logger.info({ url: api.url }, 'listening')
  stopOnSignals(() => api.close(), logger)
}

/** The first signal stops gracefully, the second at once. */
function stopOnSignals(close: () => Promise<void>, logger: { info(text: string): void }): void {
  let stopping = false
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    logger.info(`${signal}: stopping`)
    await close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(isRescindError(error) && error.code === 'ERR_INVALID_OPTION' ? 2 : 1)
})
