import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A process of a bench's own that answers questions, one at a time. It ends when we do, even by SIGKILL. */
export interface Worker {
  readonly pid: number
  /** Asks it, and resolves with its answer. Rejects with what it failed with, or if it ends before. */
  ask<T>(question: unknown): Promise<T>
  stop(): Promise<void>
}

/** Starts a script of this folder that calls {@link serve}, and resolves once it is ready. */
export async function startWorker(script: string, args: readonly (string | number)[] = []): Promise<Worker> {
  const path = new URL(script, import.meta.url).pathname
  const child = spawn(process.execPath, [...process.execArgv, path, ...args.map(String)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Ctrl-C reaches us alone.
    detached: true,
  })
  const ended = once(child, 'exit')
  const gone = ended.then(() => Promise.reject(new Error(`${script} ended`)))
  gone.catch(() => undefined)
  type Answer = { readonly answer?: unknown; readonly failed?: string }
  const next = async (): Promise<unknown> => {
    const [{ answer, failed }] = (await Promise.race([once(child, 'message'), gone])) as [Answer]
    if (failed !== undefined) throw new Error(`${script}: ${failed}`)
    return answer
  }
  await next()
  return {
    pid: child.pid ?? 0,
    async ask<T>(question: unknown) {
      const answer = next()
      child.send(question as object)
      return (await answer) as T
    },
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** The other side: says that it is ready, answers, and closes when whoever started it is done with it, or gone. */
export function serve<T>(answer: (question: T) => unknown, close: () => unknown = () => undefined): void {
  process.on('message', async (question: T) => {
    try {
      process.send?.({ answer: await answer(question) })
    } catch (error) {
      process.send?.({ failed: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.once('disconnect', async () => {
    await close()
    process.exit()
  })
  process.send?.({ answer: 'ready' })
}
