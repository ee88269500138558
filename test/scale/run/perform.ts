import type { Cleanup } from '../../launcher/cleanup.ts'
import type { Driver, Lives } from '../drivers/driver.ts'
import { PublisherClient } from '../load/publisher-client.ts'
import { Random } from '../load/random.ts'
import { Revoker } from '../load/revoker.ts'
import { TokenPool } from '../load/token-pool.ts'
import type { History } from '../oracle/history.ts'
import { judge, type Violation } from '../oracle/judge.ts'
import { Observer } from './observer.ts'
import type { Profile } from './profile.ts'
import { Recorder } from './recorder.ts'
import { ScaleRun } from './scale-run.ts'
import { scenario } from './scenario.ts'

/** What a run is made of. */
export interface PerformOptions {
  readonly profile: Profile
  /** An integer from 0 to 2^32 - 1. */
  readonly seed: number
  /** Starts everything but the APIs. What it starts it notes in `cleanup`. */
  readonly startDriver: (options: { readonly lives: Lives; readonly staleAfterMs: number }) => Promise<Driver>
  /** Undoes everything at the end, however that comes; here only the load is stopped. */
  readonly cleanup: Cleanup
  /** Fires when somebody wants it to end. */
  readonly stop: AbortSignal
  /** Told what is done, as it begins. */
  readonly tell: (what: string) => void
}

/** What came of a run. */
export interface Performed {
  readonly driver: string
  /** What ran, with versions. */
  readonly ran: string
  readonly seed: number
  readonly startedMs: number
  readonly endedMs: number
  readonly history: History
  readonly violations: readonly Violation[]
}

/** Performs a whole run and judges it. Rejects if it could not be carried through, or was stopped. */
export async function perform(options: PerformOptions): Promise<Performed> {
  const { profile, seed, startDriver, cleanup, stop, tell } = options
  const random = new Random(seed)
  const recorder = new Recorder(profile.staleAfterMs)
  const pool: TokenPool = new TokenPool(recorder.tokens, (claims) => driver.mint(claims))
  const observer = new Observer({ recorder, pool, random: random.fork(), askEveryMs: profile.askEveryMs })
  tell('start broker, issuer and publisher')
  const driver = await startDriver({ lives: observer, staleAfterMs: profile.staleAfterMs })
  const publisher = new PublisherClient(driver.calls, recorder.acts, driver.issuer)
  await Revoker.prepare(pool)
  const startedMs = performance.now()
  const revoker = new Revoker({
    publisher,
    pool,
    random: random.fork(),
    pace: profile.pace,
    visited: () => observer.visited,
  })
  cleanup.add('replica', async () => void (await Promise.allSettled([revoker.stop(), observer.stop()])))
  const run = new ScaleRun({ driver, recorder, observer, publisher, profile, stop, tell })
  await scenario(run, driver, profile)
  tell('stop revoking, and compare what everybody holds')
  await revoker.stop()
  await run.comeToRest()
  await observer.askAll(profile.askedAtTheEnd)
  await observer.stop()
  const [unexpected] = publisher.unexpected
  if (unexpected) throw new Error(`the publisher refused what it should have taken: ${unexpected.join(' × ')}`)
  const history = recorder.history()
  const { name, ran } = driver
  const endedMs = performance.now()
  return { driver: name, ran, seed, startedMs, endedMs, history, violations: judge(history) }
}
