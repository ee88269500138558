import { afterEach, describe } from 'node:test'
import { appending } from './contract/appending.ts'
import { barriers } from './contract/barriers.ts'
import { Bench } from './contract/bench.ts'
import { connecting } from './contract/connecting.ts'
import { heads } from './contract/heads.ts'
import { presences } from './contract/presences.ts'
import { reading } from './contract/reading.ts'
import { trouble } from './contract/trouble.ts'
import type { HarnessOptions, OpenHarness } from './log-harness.ts'

/** The contract of the port, held against one log. Each test has a log of its own. */
export function logConformance(name: string, open: OpenHarness): void {
  let bench: Bench | undefined
  const start = async (options?: HarnessOptions): Promise<Bench> => {
    bench = new Bench(await open(options))
    return bench
  }
  afterEach(async () => {
    await bench?.close()
    bench = undefined
  })

  describe(`${name}: connecting and closing`, () => connecting(start))
  describe(`${name}: the head (R19)`, () => heads(start))
  describe(`${name}: appending`, () => appending(start))
  describe(`${name}: reading`, () => reading(start))
  describe(`${name}: trouble`, () => trouble(start))
  describe(`${name}: presence`, () => presences(start))
  describe(`${name}: barriers`, () => barriers(start))
}
