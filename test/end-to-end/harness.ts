import { until } from '../launcher/wait.ts'

export { Fleet } from '../launcher/fleet.ts'

/** Long enough for processes that start on a busy machine; nothing waits so long that works. */
const DEADLINE_MS = 60_000

/** Asks again until it is so; rejects when a minute has passed. */
export async function eventually(what: () => string, isSo: () => Promise<boolean>): Promise<void> {
  const ask = async () => ((await isSo()) ? true : undefined)
  await until(() => `not so: ${what()}`, ask, { withinMs: DEADLINE_MS, signal: new AbortController().signal })
}
