import { channel } from 'node:diagnostics_channel'

/** Version of this package, as presence tells it. A test holds it to package.json. */
export const PACKAGE_VERSION = '0.1.0'

/** All names on `node:diagnostics_channel`, and what their messages say. */
export const CHANNELS = {
  /** A frame was applied: `{ replica, cursor, facts }`. */
  frame: channel('rescind:frame'),
  /** A replica changed its state: `{ replica, from, to }`. */
  state: channel('rescind:state'),
} as const

/** Publishes on a channel; the message is made only if somebody listens. */
export function publish(name: keyof typeof CHANNELS, message: () => object): void {
  if (CHANNELS[name].hasSubscribers) CHANNELS[name].publish(message())
}
