import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Fact, type Issuer, type Lift, type ManualClock, manualClock, type Revocation } from '@rescind/protocol'
import { pino } from 'pino'
import type { OpenDatabase } from '../../src/store/database.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { LocatedFrame, Store, StoredFact, Waiting } from '../../src/store/store.ts'

export const ISS = 'https://id.example'
export const START_MS = 1_767_225_600_000
export const DAY_MS = 86_400_000

/** Stores that a test opened. */
const openStores = new WeakMap<TestContext, Store[]>()

/** A folder of its own, gone after the test, once all its Stores are closed: LevelDB goes on writing until then. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-store-'))
  t.after(async () => {
    for (const store of openStores.get(t) ?? []) await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return folder
}

/** A Store in a folder, closed after the test; with the lines it logs. */
export interface OpenedStore {
  readonly store: Store
  readonly clock: ManualClock
  readonly lines: Record<string, unknown>[]
}

/** Opens a Store that keeps expired facts for a day. */
export async function opened(t: TestContext, dir: string, openDatabase?: OpenDatabase): Promise<OpenedStore> {
  const clock = manualClock(START_MS)
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const options = { dir, clock, logger, retainMs: DAY_MS, auditKeptMs: 2 * DAY_MS }
  const store = await openStore(options, openDatabase)
  openStores.set(t, [...(openStores.get(t) ?? []), store])
  return { store, clock, lines }
}

/** A revocation of one subject. */
export function revocation(id: string, fields: Partial<Revocation> = {}): Revocation {
  const atMs = fields.atMs ?? START_MS
  return {
    kind: 'revocation',
    id,
    iss: ISS,
    match: { sub: `subject of ${id}` },
    mode: 'block',
    reason: 'other',
    actor: 'admin',
    expiresAtMs: atMs + 3_600_000,
    ...fields,
    atMs,
  }
}

/** A lift of one subject. */
export function lift(id: string, fields: Partial<Lift> = {}): Lift {
  const atMs = fields.atMs ?? START_MS
  const match = { sub: `subject of ${id}` }
  const expiresAtMs = atMs + 7_200_000
  return { kind: 'lift', id, iss: ISS, match, mode: 'block', actor: 'admin', expiresAtMs, ...fields, atMs }
}

/** An Issuer fact. */
export function issuer(atMs: number, maxExpiryMs = 3_600_000): Issuer {
  return { kind: 'issuer', iss: ISS, maxExpiryMs, maxSessionMs: DAY_MS, clockSkewMs: 0, leewayMs: 60_000, atMs }
}

/** A frame of the log. */
export function frame(
  epoch: string,
  seq: number,
  facts: readonly Fact[],
  more: Partial<LocatedFrame> = {},
): LocatedFrame {
  const cursor = { epoch, seq, frameId: `frame ${seq} of ${epoch}` }
  return { cursor, own: true, storedAtMs: START_MS + seq, facts, requests: [], ...more }
}

/** A group that waits. */
export function group(order: number, facts: readonly Fact[]): Waiting {
  return { order, frameId: `f${order}`, facts, fixed: [], requests: [], recordedAtMs: START_MS + order }
}

/** Every group that waits. */
export function waitingIn(store: Store): Promise<readonly Waiting[]> {
  return store.waiting(0, 10_000)
}

/** All facts of a walk. */
export async function allOf(walk: AsyncIterable<readonly StoredFact[]>): Promise<StoredFact[]> {
  const found: StoredFact[] = []
  for await (const slice of walk) found.push(...slice)
  return found
}

/** Ids of a walk's facts, in its order. */
export async function idsOf(walk: AsyncIterable<readonly StoredFact[]>): Promise<string[]> {
  return (await allOf(walk)).map(({ fact }) => (fact.kind === 'issuer' ? `issuer ${fact.atMs}` : fact.id))
}
