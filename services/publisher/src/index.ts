export type { PublisherConfig } from './config.ts'
export { hashKey, newKey, type Scope, type StaticKey } from './keys.ts'
export { type RunningPublisher, type StartPublisherOptions, startPublisher } from './publisher.ts'
