import { after, before } from 'node:test'
import { logConformance } from './log-conformance.ts'
import { openNatsHarness, startTestBroker, type TestBroker } from './nats-harness.ts'

let broker: TestBroker

before(async () => {
  broker = await startTestBroker()
})
after(() => broker?.end())

logConformance('nats-log', async (options) => openNatsHarness(broker.server, options))
