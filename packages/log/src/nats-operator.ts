import { isPlainObject, RescindError } from '@rescind/protocol'
import { decodeDescription } from './log-identity.ts'
import { type NatsLogOptions, type NatsSettings, natsSettings } from './nats-options.ts'
import { NatsSession } from './nats-session.ts'
import { isNotFound, notOurs, parseAnswer } from './stream-info.ts'

export { newUserNkey, publicNkey, type UserNkey } from './nats-nkey.ts'

/**
 * Deletes the stream of a log and the stream of its clock; resolves too if there are none. For logs whose tokens nobody
 * accepts any more, such as a demonstration's: no publisher and no replica ever calls it, because every fact is lost.
 * `ERR_LOG_UNAVAILABLE` if the broker is not reached before the signal fires, `ERR_LOG_MISCONFIGURED` if the stream was not
 * made by Rescind or the broker forbids it.
 */
export async function deleteNatsLog(options: NatsLogOptions, signal: AbortSignal): Promise<void> {
  const settings = natsSettings(options)
  const session = await NatsSession.open({ settings, name: 'operator', listening: [], onChange() {} }, signal)
  try {
    await refuseForeign(session, settings, signal)
    for (const stream of [settings.stream, `${settings.stream}_CLOCK`]) await remove(session, stream, signal)
  } finally {
    await session.close()
  }
}

async function refuseForeign(session: NatsSession, { stream, subjects }: NatsSettings, signal: AbortSignal) {
  const answer = await session.request('looking for the stream', subjects.info, '', { signal })
  const { body, error } = parseAnswer(answer.data)
  if (error) return
  const description = isPlainObject(body.config) ? body.config.description : undefined
  if (!decodeDescription(description)) throw notOurs(stream)
}

async function remove(session: NatsSession, stream: string, signal: AbortSignal): Promise<void> {
  const answer = await session.request(`deleting stream ${stream}`, `$JS.API.STREAM.DELETE.${stream}`, '', { signal })
  const { error } = parseAnswer(answer.data)
  if (!error || isNotFound(error)) return
  const detail = `the broker refused to delete stream ${stream}: ${error.description} (${error.errCode})`
  throw new RescindError('ERR_LOG_MISCONFIGURED', detail)
}
