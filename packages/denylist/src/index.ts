export type { Applied, Denylist, Swept } from './denylist.ts'
export { createDenylist, type DenylistOptions } from './map-denylist.ts'
