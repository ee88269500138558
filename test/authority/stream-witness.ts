import { createHash } from 'node:crypto'
import { importedSubjects, natsPublisherLog } from '@rescind/log'
import type { GuardedBroker } from './guarded-broker.ts'
import { NatsSocket } from './nats-socket.ts'

/** Everything of the streams of a broker that an attack could change. */
export interface Seen {
  /** Of every account: each stream's configuration and what it holds. */
  readonly streams: Readonly<Record<string, { readonly config: unknown; readonly state: unknown }>>
  /** The frames of the log, each as its hash. */
  readonly frames: readonly string[]
}

/** How many frames the log holds before it is attacked. */
export const FRAMES = 5

/** Makes the log as a publisher does, with a few frames in it. */
export async function fillLog({ server, seeds }: GuardedBroker): Promise<void> {
  const log = natsPublisherLog({
    servers: server.url,
    nkeySeed: seeds.publisher,
    inboxPrefix: '_INBOX_publisher',
    subjects: importedSubjects(),
  })
  const connection = await log.connect({ name: 'publisher', onEvent() {} })
  try {
    await connection.establish()
    await connection.brokerTime()
    for (let i = 1; i <= FRAMES; i += 1) await connection.append(Buffer.from(`frame ${i}`), { messageId: `m${i}` })
  } finally {
    await connection.close()
  }
}

/** Looks at the broker past every account: configurations and states by its monitoring, frames by a publisher's hand. */
export async function look(broker: GuardedBroker): Promise<Seen> {
  const streams = await streamsOf(broker.monitor)
  const { messages = 0, first_seq: first = 1 } = (streams['LOG RESCIND']?.state ?? {}) as Record<string, number>
  const socket = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.publisher })
  const frames: string[] = []
  for (let seq = first; frames.length < messages; seq += 1) {
    const { text } = await socket.request('_INBOX_publisher', 'rescind.read.frame', JSON.stringify({ seq }))
    frames.push(createHash('sha256').update(text).digest('hex'))
  }
  socket.close()
  return { streams, frames }
}

interface Jsz {
  readonly account_details?: readonly {
    readonly name: string
    readonly stream_detail?: readonly { name: string; config: unknown; state: Record<string, unknown> }[]
  }[]
}

async function streamsOf(monitor: string): Promise<Seen['streams']> {
  const response = await fetch(`${monitor}/jsz?accounts=1&streams=1&config=1&consumers=1`)
  const { account_details: accounts = [] } = (await response.json()) as Jsz
  const found = accounts.flatMap(({ name: account, stream_detail: streams = [] }) =>
    streams.map(({ name, config, state }) => [`${account} ${name}`, { config, state }] as const),
  )
  return Object.fromEntries(found)
}
