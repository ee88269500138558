import { isPlainObject } from '@rescind/protocol'

const NANOSECONDS_PER_MS = 1_000_000

/**
 * R19: how old a stream's answer is by its leader's own account, in milliseconds; undefined if it proves nothing.
 *
 * A leader that was cut off goes on naming itself for ten seconds and goes on answering for minutes. What gives it away
 * is how long ago it heard from each peer (`active`). So an answer proves only together with a majority, the leader
 * included, that is current, and only as of the moment when the leader last heard from all of that majority. Of all
 * majorities the one with the most recent peers tells the truth best.
 *
 * @param copies `num_replicas` of the stream's configuration.
 * @param cluster the `cluster` member of the server's answer, of which nothing is trusted; a lone server may give none.
 */
export function proofAgeMs(copies: number, cluster: unknown): number | undefined {
  if (cluster === undefined && copies <= 1) return 0
  if (!isPlainObject(cluster) || typeof cluster.leader !== 'string' || cluster.leader === '') return undefined
  const peers = Array.isArray(cluster.replicas) ? cluster.replicas : []
  const majority = Math.floor(Math.max(copies, peers.length + 1) / 2) + 1
  const silences = peers.map(silenceMs).filter((silence) => silence !== undefined)
  const closest = silences.sort((a, b) => a - b).slice(0, majority - 1)
  return closest.length < majority - 1 ? undefined : Math.max(0, ...closest)
}

/** How long ago the leader heard from a peer; undefined if the peer is not current. */
function silenceMs(peer: unknown): number | undefined {
  if (!isPlainObject(peer) || peer.current !== true || peer.offline === true) return undefined
  const { active } = peer
  return typeof active === 'number' && active >= 0 ? active / NANOSECONDS_PER_MS : undefined
}
