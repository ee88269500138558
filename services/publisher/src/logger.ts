import { serviceLogger } from '@rescind/telemetry'
import type { DestinationStream, Logger } from 'pino'

/** JSON lines on standard output, or to `destination`, in which no credential and no claim stands; see {@link serviceLogger}. */
export function createLogger(level: string, destination?: DestinationStream, hashKey?: string): Logger {
  return serviceLogger({
    name: 'publisher',
    level,
    ...(destination && { destination }),
    ...(hashKey !== undefined && { hashKey }),
  })
}
