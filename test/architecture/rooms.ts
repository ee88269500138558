/**
 * The floors of the house. An arrow points down only: a room may import the rooms that stand in its list, all of them on
 * a lower floor, and the named packages of others.
 */
export interface Room {
  readonly floor: number
  /** `@rescind/…` rooms that its source may import. */
  readonly below: readonly string[]
  /** What else its source may import: package names, and `node:` for Node's own modules. */
  readonly others: readonly string[]
}

/** Every room that may exist, whether or not it is built yet. */
export const ROOMS: Readonly<Record<string, Room>> = {
  'packages/protocol': { floor: 0, below: [], others: [] },
  'packages/denylist': { floor: 1, below: ['protocol'], others: [] },
  'packages/log': { floor: 1, below: ['protocol'], others: ['@nats-io/', 'node:'] },
  'packages/subscriber': {
    floor: 2,
    below: ['protocol', 'denylist', 'log'],
    others: ['fastify', 'fastify-plugin', 'node:'],
  },
  'packages/verifier': { floor: 3, below: ['protocol', 'subscriber'], others: ['jose', 'lru-cache', 'node:'] },
  'packages/client': { floor: 3, below: ['protocol'], others: ['node:'] },
  // No program: what the services measure and log with. Not in packages, whose users bring their own.
  'services/telemetry': {
    floor: 3,
    below: ['protocol', 'subscriber'],
    others: ['@opentelemetry/', 'fastify', 'pino', 'node:'],
  },
  'services/publisher': {
    floor: 4,
    below: ['protocol', 'denylist', 'log', 'subscriber', 'verifier', 'telemetry'],
    others: ['fastify', 'pino', 'zod', 'uuidv7', 'lru-cache', 'classic-level', 'jose', 'node:'],
  },
  'services/sample-api': {
    floor: 4,
    below: ['subscriber', 'verifier', 'telemetry'],
    others: ['fastify', 'pino', 'zod', 'node:'],
  },
  'services/demo-issuer': { floor: 4, below: ['protocol'], others: ['jose', 'pino', 'node:'] },
  'services/gate': {
    floor: 4,
    below: ['protocol', 'subscriber', 'verifier'],
    others: ['fastify', 'pino', 'zod', 'node:'],
  },
}

/** Modules that only some files may import, whatever their room allows. */
export const KEPT_IN: readonly { readonly module: RegExp; readonly files: RegExp; readonly mend: string }[] = [
  {
    module: /^(@nats-io\/|nats$)/,
    files: /^packages\/log\/src\/nats-[^/]+\.ts$/,
    mend: 'put it behind the port in packages/log/src/revocation-log.ts, in a file named nats-*.ts',
  },
  {
    module: /^@opentelemetry\//,
    files: /^services\/telemetry\//,
    mend: 'measure through @rescind/telemetry in services; packages give plain numbers, stats()',
  },
  {
    module: /^pino$/,
    files: /^services\//,
    mend: 'take a Logger as an option: the application chooses its own',
  },
  {
    module: /^jose$/,
    files: /^(packages\/verifier\/|services\/(demo-issuer\/|publisher\/src\/authorize)|test\/|services\/[^/]+\/test\/)/,
    mend: 'verify tokens through @rescind/verifier',
  },
  {
    module: /^fastify(-plugin)?$/,
    files: /^(services\/|packages\/subscriber\/(src\/fastify\.ts|test\/)|test\/bench\/empty-server\.ts)/,
    mend: 'keep frameworks in adapters: packages/subscriber/src/fastify.ts',
  },
  {
    module: /^@rescind\/subscriber\/internal$/,
    files: /^(services\/publisher\/|packages\/subscriber\/test\/|test\/)/,
    mend: 'use what @rescind/subscriber exports; only the publisher may look inside its own replica',
  },
  {
    module: /^typescript$/,
    files: /^test\/architecture\//,
    mend: 'read source text only in test/architecture',
  },
]

/** Node's modules that the lowest floors may import: pure computation, no I/O and no timer. */
export const PURE_MODULES: readonly string[] = ['node:crypto', 'node:util', 'node:buffer', 'node:zlib']

/** Rooms without I/O and without timers. */
export const PURE_ROOMS: readonly string[] = ['packages/protocol', 'packages/denylist']
