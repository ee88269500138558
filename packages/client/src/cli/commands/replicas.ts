import type { ReplicaAnswer } from '../../answers.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { JsonArray } from '../json-array.ts'

/** `rescind replicas`. */
export const REPLICAS: Command = {
  name: 'replicas',
  synopsis: '',
  summary: 'who follows, how far, and whether it still speaks',
  examples: [['rescind replicas', 'one line for each; DIGEST is the same where they hold the same at one cursor']],
  options: [],
  takes: [0, 0],
  async run({ client, print, terminal }) {
    const replicas = await client.replicas({ signal: terminal.signal })
    if (print.format === 'json') await print.json(replicas)
    else if (print.format === 'ndjson') {
      const array = new JsonArray(print)
      for (const each of replicas) await array.add(each)
    } else if (print.isQuiet) await print.lines(replicas.map(({ id }) => id))
    else if (replicas.length === 0) await print.note('none has announced itself since this publisher started')
    else {
      const head = ['STATE', 'NAME', 'SEQ', 'LAG', 'ENTRIES', 'RSS', 'UNKNOWN', 'VERSION', 'DIGEST', 'LAST SEEN', 'ID']
      await print.table(head, replicas.map(rowOf), 0)
    }
    return EXIT.done
  },
}

function rowOf(replica: ReplicaAnswer): string[] {
  const { name, cursor, lagMs, entries, rssBytes, whenUnknown, version, digest, lastSeen, id } = replica
  return [
    replica.silent ? 'silent' : replica.state,
    name,
    cursor === undefined ? '-' : String(cursor.seq),
    lagMs === undefined ? '-' : `${Math.round(lagMs)} ms`,
    String(entries),
    `${Math.round(rssBytes / (1024 * 1024))} MB`,
    whenUnknown,
    version,
    digest?.value.slice(0, 8) ?? '-',
    lastSeen,
    id,
  ]
}
