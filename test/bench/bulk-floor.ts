import { BareNats } from './bare-nats.ts'

/** Where raw frames go. */
export const RAW_SUBJECT = 'bench.raw'

/** Where bare subscribers say how far they are: `INDEX BYTES`. */
export const ACK_SUBJECT = 'bench.ack'

/** How often they do. */
export const REPORT_EVERY_BYTES = 4 * 1024 * 1024

/** So much may be on its way to the slowest of them: half of what the broker keeps for a client before it cuts it off. */
const WINDOW_BYTES = 32 * 1024 * 1024

const FRAME_BYTES = 64 * 1024

/** Publishes so many bytes in frames of 64 KB; resolves with the milliseconds until each of so many subscribers had all of them. */
export async function rawFrames(port: number, bytes: number, subscribers: number): Promise<number> {
  const have = new Map<string, number>()
  const slowest = () => (have.size < subscribers ? 0 : Math.min(...have.values()))
  let onAck = () => {}
  const nats = new BareNats(port, [ACK_SUBJECT], (_subject, body) => {
    const [index = '', had] = body.toString('latin1').trim().split(' ')
    have.set(index, Number(had))
    onAck()
  })
  const until = async (least: number): Promise<void> => {
    while (slowest() < least) {
      await new Promise<void>((resolve) => {
        onAck = resolve
      })
    }
  }
  await nats.flush()
  const frame = Buffer.alloc(FRAME_BYTES, 0x2e)
  // The last one is shorter, so that everybody reports after it.
  const whole = Math.floor(bytes / FRAME_BYTES)
  const startedMs = performance.now()
  try {
    let sent = 0
    for (let n = 0; n < whole; n += 1) {
      await nats.publish(RAW_SUBJECT, frame)
      sent += FRAME_BYTES
      if (sent > WINDOW_BYTES) await until(sent - WINDOW_BYTES)
    }
    await nats.publish(RAW_SUBJECT, frame.subarray(0, FRAME_BYTES / 2))
    await until(sent + FRAME_BYTES / 2)
    return performance.now() - startedMs
  } finally {
    nats.close()
  }
}
