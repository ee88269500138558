import type { NatsSocket } from './nats-socket.ts'

/** What a replica may publish: each is a request of which it can choose the reply subject. */
export interface Question {
  readonly name: string
  readonly subject: string
  readonly payload: string
}

/** Every request that the user of this name may make, with what answers differ: JSON, a frame, an empty 404. */
export function questionsOf(name: string): readonly Question[] {
  return [
    { name: 'stream info', subject: 'rescind.read.info', payload: '' },
    { name: 'a frame', subject: 'rescind.read.frame', payload: '{"seq":1}' },
    { name: 'a frame that is not there', subject: 'rescind.read.frame', payload: '{"seq":999999}' },
    { name: 'presence', subject: `rescind.presence.${name}`, payload: '{}' },
  ]
}

/** The same requests in an account that holds the stream itself. */
export function questionsBesideTheStream(name: string): readonly Question[] {
  const names: Readonly<Record<string, string>> = {
    'rescind.read.info': '$JS.API.STREAM.INFO.RESCIND',
    'rescind.read.frame': '$JS.API.DIRECT.GET.RESCIND',
  }
  return questionsOf(name).map((question) => ({ ...question, subject: names[question.subject] ?? question.subject }))
}

/** Where an answer would do harm: the log, what it broadcasts, JetStream's interface, and what publishers may write. */
export const TARGETS: readonly string[] = [
  'rescind.log',
  'rescind.live',
  'rescind.barrier',
  'rescind.clock',
  'rescind.presence.billing',
  'rescind.write.create',
  'rescind.write.update',
  '$JS.API.STREAM.CREATE.RESCIND',
  '$JS.API.STREAM.UPDATE.RESCIND',
  '$JS.API.STREAM.PURGE.RESCIND',
  '$JS.API.STREAM.DELETE.RESCIND',
  '$JS.API.STREAM.MSG.DELETE.RESCIND',
  '$JS.API.STREAM.DELETE.RESCIND_CLOCK',
  '$JS.API.CONSUMER.CREATE.RESCIND',
]

/**
 * How often honest questions are asked after an attack before its harm is looked for. Their answers pass through the
 * same queues as what the attack set off, which a server may empty in any order: one round would find it mostly.
 */
const ROUNDS = 20

/** Waits until the server has answered honest questions that were asked after everything else. */
export async function settle(socket: NatsSocket, inboxPrefix: string, questions: readonly Question[]): Promise<void> {
  const asked = questions.filter(({ name }) => name !== 'presence')
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const { subject, payload } of asked) await socket.request(inboxPrefix, subject, payload)
  }
  await socket.flush()
}
