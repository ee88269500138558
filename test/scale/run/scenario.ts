import { type Driver, RELAYED } from '../drivers/driver.ts'
import type { Fault } from '../oracle/history.ts'
import type { FaultName, Profile } from './profile.ts'
import type { ScaleRun } from './scale-run.ts'

/**
 * What a run does, in order, while revocations and lifts flow and every replica is asked about tokens all the time: grow,
 * shrink, break in every way that there is, and start from nothing.
 */
export async function scenario(run: ScaleRun, driver: Driver, profile: Profile): Promise<void> {
  await run.step('start one API', () => driver.scale(1, 'started first'))
  await run.step(`scale to ${profile.most}, and start one behind a relay`, async () => {
    await Promise.all([driver.scale(profile.most, 'scaled up'), driver.startRelayed()])
  })
  await run.step(`scale to ${profile.kept}`, () => driver.scale(profile.kept, 'scaled up'))
  for (const stage of profile.stages) {
    await run.step(stage.join(', '), async () => {
      await Promise.all(stage.map((name) => FAULTS[name](run, driver, profile)))
    })
  }
  await run.step(`cold-start ${profile.most} at once`, async () => {
    await driver.stopRelayed()
    await driver.scale(0, '')
    await driver.scale(profile.most, `cold start of ${profile.most} at once`)
  })
}

/** The ones that each fault is for; several can be at work at once. */
const KILLED = 'api-1'
const PAUSED = 'api-2'

type MakeFault = (run: ScaleRun, driver: Driver, profile: Profile) => Promise<void>

const FAULTS: Readonly<Record<FaultName, MakeFault>> = {
  /** Its successor has another process, another place and nothing in memory. */
  'replica killed': async (_run, { replicas }) => {
    await replicas.kill(KILLED)
    await replicas.start(KILLED, 'restarted after kill -9')
  },
  /** It wakes up with an old view, an open connection, and messages that waited: none of them proves anything. */
  'replica paused': (run, { replicas }, { blindMs }) =>
    run.fault({
      name: `replica paused for ${seconds(blindMs)}`,
      kind: 'paused',
      replicas: [PAUSED],
      forMs: blindMs,
      begin: () => replicas.pause(PAUSED),
      end: () => replicas.resume(PAUSED),
    }),
  /** Away for as long as it takes, which is short: replicas stay live on their last proof, and prove themselves anew. */
  'broker restarted': (run, { broker }) =>
    run.fault({
      ...ofAll(run, 'broker restarted in order', 0),
      begin: async () => {},
      end: () => broker.restart(),
    }),
  /** Connections are refused. Nobody can know anything, and has to say so in time. */
  'broker killed': (run, { broker }, { blindMs }) =>
    run.fault({
      ...ofAll(run, `broker killed, and started again after ${seconds(blindMs)}`, blindMs),
      begin: () => broker.kill(),
      end: () => broker.start(),
    }),
  /** Connections stand, and nothing comes: silence is no proof. */
  'broker paused': (run, { broker }, { blindMs }) =>
    run.fault({
      ...ofAll(run, `broker paused for ${seconds(blindMs)}`, blindMs),
      begin: () => broker.pause(),
      end: () => broker.resume(),
    }),
  /** The connection is well and says nothing of it: only asking finds what is missing, and the next frame must not hide it. */
  'live messages lost': (run, driver, { staleAfterMs }) =>
    run.fault({
      name: `live messages lost for ${seconds(staleAfterMs + 1_500)}`,
      kind: 'lossy',
      replicas: [RELAYED],
      forMs: staleAfterMs + 1_500,
      begin: () => driver.relay('lose_live'),
      end: async () => {
        const { lost } = await driver.relay('pass')
        if (lost === 0) throw new Error('the relay had no live message to lose: nothing was tried')
      },
    }),
  /** One replica's link stands still while all others go on revoking: what it does not hear of, it must not accept for long. */
  'link frozen': (run, driver, { blindMs }) =>
    run.fault({
      name: `link to the broker frozen for ${seconds(blindMs)}`,
      kind: 'unreachable',
      replicas: [RELAYED],
      forMs: blindMs,
      begin: () => driver.relay('freeze'),
      end: () => driver.relay('pass'),
    }),
}

function ofAll(
  run: ScaleRun,
  name: string,
  forMs: number,
): { name: string; kind: Fault['kind']; replicas: readonly string[]; forMs: number } {
  return { name, kind: 'unreachable', replicas: run.replicas, forMs }
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`
}
