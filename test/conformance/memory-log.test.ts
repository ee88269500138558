import { memoryLog } from '@rescind/log'
import { logConformance } from './log-conformance.ts'

logConformance('memory-log', async (options = {}) => {
  const log = memoryLog({ ...options, unguarded: true })
  const { faults } = log
  return {
    publisherLog: log,
    replicaLog: log.replicaLog,
    unguarded: true,
    cut: async () => faults.disconnect(),
    mend: async () => faults.reconnect(),
    freeze: async () => faults.freeze(),
    thaw: () => faults.thaw(),
    async makeErasable() {
      const connection = await log.connect({ name: 'operator', onEvent: () => {} })
      await connection.establish()
      await connection.close()
    },
    punchHole: async (seq) => faults.missOnce(seq, Number.POSITIVE_INFINITY),
    prune: async (seq) => faults.prune(seq),
    forgeLive: async (seq, bytes) => faults.injectLive(seq, bytes),
    close: async () => {},
  }
})
