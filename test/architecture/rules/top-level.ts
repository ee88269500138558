import type { Finding } from '../finding.ts'
import { ROOMS } from '../rooms.ts'

/** What may stand in each folder. Rooms need not all be built. */
const MAY_STAND: Readonly<Record<string, readonly string[]>> = {
  '': [
    'packages',
    'services',
    'test',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'SECURITY.md',
    'package.json',
    'pnpm-workspace.yaml',
    'pnpm-lock.yaml',
    'tsconfig.base.json',
    'tsconfig.json',
    'docker-compose.yml',
    'biome.json',
    '.ci',
    '.dockerignore',
    '.gitattributes',
    '.gitignore',
  ],
  packages: ['README.md', ...roomsIn('packages')],
  // `broker` is configuration, not a room.
  services: ['README.md', 'Dockerfile', 'broker', ...roomsIn('services')],
  'services/broker': ['README.md', 'nats.conf', 'cluster.conf', 'accounts.conf'],
  test: [
    'README.md',
    'package.json',
    'tsconfig.json',
    'run.ts',
    'launcher',
    'architecture',
    'conformance',
    'authority',
    'end-to-end',
    'simulation',
    'faults',
    'scale',
    'bench',
    'upgrade',
  ],
}

function roomsIn(floor: string): string[] {
  return Object.keys(ROOMS).flatMap((room) => (room.startsWith(`${floor}/`) ? room.slice(floor.length + 1) : []))
}

const IN_A_ROOM = [
  'src',
  'test',
  'package.json',
  'tsconfig.json',
  'README.md',
  'SPEC.md',
  'OPERATING.md',
  'Dockerfile',
  'openapi.json',
  'kubernetes',
  'monitoring',
]

/** The top level, the floors and the rooms hold what belongs there and nothing else. `entriesOf` lists a folder. */
export function strangers(entriesOf: (folder: string) => readonly string[]): Finding[] {
  const folders = new Map(Object.entries(MAY_STAND))
  for (const room of Object.keys(ROOMS)) {
    const [floor = '', name = ''] = room.split('/')
    if (entriesOf(floor).includes(name)) folders.set(room, IN_A_ROOM)
  }
  return [...folders].flatMap(([folder, allowed]) =>
    entriesOf(folder)
      .filter((name) => !allowed.includes(name))
      .map((name) => ({
        where: folder === '' ? name : `${folder}/${name}`,
        what: `${folder === '' ? 'the top level' : folder} has no place for ${name}`,
        mend: 'put it beside what it belongs to, or give it a place in test/architecture/rules/top-level.ts',
      })),
  )
}
