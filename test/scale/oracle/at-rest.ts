import type { History, Listed } from './history.ts'

/**
 * Why a run has not come to rest, or undefined if it has: every replica that is to live, and the publisher's own, is listed
 * once, at one cursor with one digest, and that cursor has reached everything that was acknowledged in its epoch.
 */
export function unrest(history: History): string | undefined {
  const { listed } = history
  if (listed === undefined) return 'the publisher was not asked'
  return wronglyListed(history, listed) ?? different(listed) ?? behind(history, listed)
}

/** Names are compared, not counted; where several share one (containers of one service), ids tell them apart. */
function wronglyListed(history: History, listed: readonly Listed[]): string | undefined {
  const twice = listed.find(({ id }, index) => listed.findIndex((other) => other.id === id) < index)
  if (twice) return `${twice.name} (${twice.id}) is listed twice`
  const names = listed.map(({ name }) => name)
  const replicas = names.filter((name) => !isPublishers(name)).sort()
  const living = livingNames(history).sort()
  if (replicas.join() !== living.join()) return `listed are ${replicas.join(', ')}; alive are ${living.join(', ')}`
  return names.some(isPublishers) ? undefined : "the publisher's own replica is not listed"
}

function isPublishers(name: string): boolean {
  return name.startsWith('publisher-')
}

/** As they call themselves. */
function livingNames({ runs, statuses }: History): string[] {
  const said = new Map(statuses.map(({ run, name }) => [run, name]))
  return runs.flatMap(({ replica, stoppingMs }, run) => (stoppingMs === undefined ? [said.get(run) ?? replica] : []))
}

function different(listed: readonly Listed[]): string | undefined {
  const kinds = new Set(listed.map(({ cursor, digest }) => JSON.stringify([cursor, digest])))
  if (kinds.size === 1 && listed.every(({ cursor, digest }) => cursor && digest)) return undefined
  return listed.map(({ name, cursor, digest }) => `${name} at ${cursor?.seq}: ${digest?.value}`).join('; ')
}

function behind({ acts }: History, [first]: readonly Listed[]): string | undefined {
  const { epoch, seq = 0 } = first?.cursor ?? {}
  const largest = acts.reduce(
    (most, { cursor }) => (cursor?.epoch === epoch ? Math.max(most, cursor?.seq ?? 0) : most),
    0,
  )
  return seq < largest ? `all are at ${seq}, and ${largest} was acknowledged` : undefined
}
