import { stat } from 'node:fs/promises'
import type { ImportSummary, RejectedLine } from '../../import-lines.ts'
import { MAX_SHOWN_REJECTS } from '../../limits.ts'
import { keyOf } from '../../queries.ts'
import type { UploadSource } from '../../upload-body.ts'
import type { Command, Context } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { fileLines, streamLines } from '../file-lines.ts'
import { receiptLines } from '../print.ts'
import { grouped, Progress } from '../progress.ts'
import { RejectsFile } from '../rejects-file.ts'
import { writeOptions } from '../write-options.ts'

/** `rescind import`. */
export const IMPORT: Command = {
  name: 'import',
  synopsis: 'FILE | -',
  summary: 'revoke any number, one JSON object a line',
  examples: [
    ['rescind import revocations.ndjson --rejects rejects.ndjson', 'goes on after lines that are refused'],
    [`echo '{"match":{"sub":"ann"},"reason":"account_deleted"}' | rescind import -`, 'from stdin'],
    ['rescind import revocations.ndjson --idempotency-key K', 'go on with an upload that ended early'],
  ],
  options: ['rejects', 'wait', 'idempotency-key'],
  notes: [
    'Each line is as for POST /v1/revocations: {"match":{"sub":"ann"},"mode":"block","reason":"account_deleted"}.',
    'A connection that is cut is taken up again by itself, with a file. Nothing is recorded twice under one key.',
    'Exit code 5 if lines were refused; all others are recorded all the same.',
  ],
  takes: [1, 1],
  async run(context) {
    const { client, print, terminal, given } = context
    const options = { ...writeOptions(context), idempotencyKey: keyOf(given['idempotency-key']) }
    const upload = await uploadOf(context)
    const progress = new Progress(terminal.err, print.isQuiet)
    const rejects = given.rejects === undefined ? undefined : await RejectsFile.open(given.rejects)
    await print.note(`uploading under the idempotency key ${options.idempotencyKey}`)
    try {
      let rejected = 0
      for await (const event of client.importLines(upload.source, { ...options, onSent: upload.onSent })) {
        if (event.type === 'progress') await progress.show(upload.share(event.lines), event.lines, event.rejected)
        else await progress.clear()
        if (event.type === 'resumed') await print.note(`cut: ${event.reason}; sending again under the same key`)
        if (event.type === 'rejected') {
          rejected += 1
          await rejects?.add(event)
          if (rejects === undefined) await tellRejected(context, event, rejected)
        }
        if (event.type === 'summary') return await tellSummary(context, event)
      }
      throw new Failure(EXIT.failed, 'the upload has no summary')
    } catch (error) {
      await progress.clear()
      if (terminal.signal.aborted) {
        await print.error(`to go on: the same command with --idempotency-key ${options.idempotencyKey}`)
      }
      throw error
    } finally {
      await progress.clear()
      await rejects?.close()
    }
  },
}

/** What is uploaded, and how far it is. */
interface Watched {
  readonly source: UploadSource
  readonly onSent: (lines: number) => void
  readonly share: (lines: number) => number | undefined
}

async function uploadOf({ words, terminal }: Context): Promise<Watched> {
  const [path = ''] = words
  let bytes = 0
  let sent = 0
  const read = (count: number): void => {
    bytes = count
  }
  const onSent = (lines: number): void => {
    sent = lines
  }
  if (path === '-') return { source: streamLines(terminal.stdin, read), onSent, share: () => undefined }
  const size = await sizeOf(path)
  // Of the lines that were handed over, those that are answered; of the bytes of the file, those that were read.
  const share = (lines: number): number => Math.min(1, (bytes / Math.max(1, size)) * (lines / Math.max(1, sent, lines)))
  return { source: () => fileLines(path, read), onSent, share }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    throw new Failure(EXIT.failed, `cannot read ${path}: ${(error as Error).message}`)
  }
}

async function tellRejected({ print }: Context, { line, errors, code }: RejectedLine, count: number): Promise<void> {
  if (count > MAX_SHOWN_REJECTS + 1) return
  if (count > MAX_SHOWN_REJECTS) return print.error('more lines are refused; --rejects FILE keeps all of them')
  const why = errors.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join('; ')
  await print.error(`line ${line}: ${why || code}`)
}

async function tellSummary({ print, given, terminal }: Context, summary: ImportSummary): Promise<ExitCode> {
  const { lines, recorded, repeated, nothingToDo, rejected, state, receipt } = summary
  if (print.format !== 'table') await print.json(summary)
  else if (!print.isQuiet) {
    const counts = Object.entries({ lines, recorded, repeated, 'nothing to do': nothingToDo, rejected })
    await print.line(
      `${print.colored(state)}  ${counts.map(([name, count]) => `${name} ${grouped(count)}`).join('  ')}`,
    )
    if (receipt) await print.lines(receiptLines(receipt))
  }
  if (rejected > 0) {
    await print.error(`${grouped(rejected)} lines were refused${given.rejects ? `: see ${given.rejects}` : ''}`)
    return EXIT.refused
  }
  terminal.signal.throwIfAborted()
  // No receipt tells of what an earlier upload brought, so nothing proves that it is enforced.
  const isUnproved = state === 'nothing_to_do' && repeated > 0
  const isOpen = given.wait !== undefined && state !== 'enforced' && (state !== 'nothing_to_do' || isUnproved)
  const what = isUnproved ? 'an earlier upload brought these lines, and no receipt tells of them' : state
  if (isOpen) await print.error(`${what}: not confirmed in time; rescind replicas tells who is behind`)
  return isOpen ? EXIT.unconfirmed : EXIT.done
}
