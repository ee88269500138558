import { pino } from 'pino'
import { type Config, readConfig } from './config.ts'
import { startDemoIssuer } from './demo-issuer.ts'
import { HELP } from './help.ts'

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

async function serve({ host, port, issuer, audience, logLevel }: Config): Promise<void> {
  const logger = pino({ name: 'demo-issuer', level: logLevel })
  logger.warn('FOR DEMONSTRATIONS ONLY: gives a token for any subject to anyone who asks; trust its key nowhere else')
  const demo = await startDemoIssuer(issuer, { host, port, audience })
  logger.info({ url: demo.url }, 'listening')
  let stopping = false
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) process.exit(1)
    stopping = true
    logger.info(`${signal}: stopping`)
    await demo.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: NodeJS.ErrnoException) => {
  const taken = error.code === 'EADDRINUSE' ? '; set RESCIND_PORT to another one, or to 0' : ''
  process.stderr.write(`${error.message}${taken}\n`)
  process.exit(taken ? 2 : 1)
})
