import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

/** `rescind status`. */
export const STATUS: Command = {
  name: 'status',
  synopsis: '',
  summary: 'does the publisher take revocations, and if not, why',
  examples: [['rescind status', 'every check; exit code 1 if one fails']],
  options: [],
  takes: [0, 0],
  async run({ client, print, terminal }) {
    const { status, checks = [] } = await client.status({ signal: terminal.signal })
    if (print.format !== 'table') await print.json({ status, checks })
    else if (print.isQuiet) await print.line(status)
    else {
      await print.line(print.colored(status))
      const rows = checks.map(({ name, ok, code = '', detail = '' }) => [ok ? 'ok' : 'failed', name, code, detail])
      if (rows.length > 0) await print.table(['STATE', 'CHECK', 'CODE', 'DETAIL'], rows, 0)
    }
    return status === 'ready' ? EXIT.done : EXIT.failed
  },
}
