/**
 * `pnpm bench:heap`: what one entry of the index costs, which `MAX_ENTRIES` rests on.
 *
 * Half a million cutoffs of different `sub`s (UUIDs, 36 characters), then as many blocks of different `jti`s; the heap
 * and what lies outside of it, after a full collection, before and after.
 */
import { randomUUID } from 'node:crypto'
import { createDenylist, type Denylist } from '@rescind/denylist'
import { type Fact, limits } from '@rescind/protocol'

const ENTRIES = 500_000
const AT_MS = Date.UTC(2026, 0, 1)

function fact(match: Record<string, string>, mode: 'cutoff' | 'block'): Fact {
  return {
    kind: 'revocation',
    id: '-',
    iss: 'https://id.example',
    match,
    mode,
    ...(mode === 'cutoff' ? { issuedBeforeMs: AT_MS } : {}),
    reason: 'admin_revoked',
    actor: 'bench',
    atMs: AT_MS,
    expiresAtMs: AT_MS + 3_600_000,
  }
}

function heapBytes(): number {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('run with --expose-gc: pnpm bench:heap does')
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Bytes per entry of what `fill` puts into an empty index. */
function measure(fill: (denylist: Denylist) => void): number {
  const denylist = createDenylist()
  const before = heapBytes()
  fill(denylist)
  const bytes = (heapBytes() - before) / denylist.size
  // Used once more, so that it is not collected before it was measured.
  if (denylist.size !== ENTRIES) throw new Error(`${denylist.size} entries`)
  return bytes
}

const rows = {
  '{ sub } cutoff': measure((denylist) => {
    for (let i = 0; i < ENTRIES; i += 1) denylist.apply(fact({ sub: randomUUID() }, 'cutoff'))
  }),
  '{ jti } block': measure((denylist) => {
    for (let i = 0; i < ENTRIES; i += 1) denylist.apply(fact({ jti: randomUUID() }, 'block'))
  }),
}

console.log(`node ${process.version}, ${ENTRIES.toLocaleString('en')} entries each`)
for (const [what, bytes] of Object.entries(rows)) {
  const full = ((bytes * limits.MAX_ENTRIES) / 2 ** 30).toFixed(2)
  console.log(`${what.padEnd(16)} ${bytes.toFixed(0)} bytes per entry; MAX_ENTRIES of them are ${full} GiB`)
}
