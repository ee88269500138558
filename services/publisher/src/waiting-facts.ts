import type { Fact } from '@rescind/protocol'
import { MAX_WAITING_LOOKS, WAITING_SLICE } from './limits.ts'
import type { Store } from './store/store.ts'

/**
 * Facts that are recorded and not known to be in the log yet, those recorded last at the end. While the log is away they can
 * be many: at most `MAX_WAITING_LOOKS` groups are looked at, the oldest of them.
 */
export async function* waitingFacts(store: Pick<Store, 'waiting'>): AsyncGenerator<readonly Fact[]> {
  let after = 0
  for (let looked = 0; looked < MAX_WAITING_LOOKS; ) {
    const groups = await store.waiting(after, WAITING_SLICE)
    const last = groups.at(-1)
    if (last === undefined) return
    for (const { facts } of groups) yield facts
    after = last.order
    looked += groups.length
  }
}
