import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

/** `rescind dismiss`. */
export const DISMISS: Command = {
  name: 'dismiss',
  synopsis: 'REPLICA',
  summary: 'take a replica that is gone for good off the list, so that no receipt waits for it',
  examples: [['rescind dismiss 3c5d7e9f0a2b4c6d', 'the last column of rescind replicas, not the name']],
  options: ['idempotency-key'],
  notes: ['One that is not gone after all announces itself again within seconds.'],
  takes: [1, 1],
  async run({ client, print, terminal, words, given }) {
    const [replica = ''] = words
    await client.dismiss(replica, { signal: terminal.signal, idempotencyKey: given['idempotency-key'] })
    if (print.format !== 'table') await print.json({ dismissed: replica })
    else await print.note(`dismissed ${replica}`)
    return EXIT.done
  },
}
