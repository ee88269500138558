/** The version before, or the one that is being tested. */
export type Release = 'old' | 'new'

/** Who is replaced. Two publishers and three APIs, so that each kind is mixed for a while. */
export const PUBLISHERS = ['publisher-1', 'publisher-2'] as const
/** The APIs, each with a replica of its own. */
export const REPLICAS = ['api-1', 'api-2', 'api-3'] as const

/** One of {@link PUBLISHERS}. */
export type PublisherPlace = (typeof PUBLISHERS)[number]
/** One of {@link PUBLISHERS} or {@link REPLICAS}. */
export type Place = PublisherPlace | (typeof REPLICAS)[number]

/** True for the name of a publisher's place. */
export function isPublisher(name: string): name is PublisherPlace {
  return (PUBLISHERS as readonly string[]).includes(name)
}

/** One process makes way for another. */
export interface Step {
  readonly place: Place
  readonly to: Release
}

/** From all old to all new, and back to all old. */
export interface Order {
  readonly title: string
  readonly steps: readonly Step[]
}

const to =
  (release: Release) =>
  (place: Place): Step => ({ place, to: release })

/**
 * Every order that a rolling upgrade takes, and each rollback: of publishers while the replicas are new, of replicas while
 * the publishers are new, and of one after the other.
 */
export const ORDERS: readonly Order[] = [
  {
    title: 'replicas first; publishers back first',
    steps: [...[...REPLICAS, ...PUBLISHERS].map(to('new')), ...[...PUBLISHERS, ...REPLICAS].map(to('old'))],
  },
  {
    title: 'publishers first; replicas back first',
    steps: [...[...PUBLISHERS, ...REPLICAS].map(to('new')), ...[...REPLICAS, ...PUBLISHERS].map(to('old'))],
  },
  {
    title: 'one of each in turn; back in turn',
    steps: [
      ...(['publisher-1', 'api-1', 'api-2', 'publisher-2', 'api-3'] as const).map(to('new')),
      ...(['api-1', 'publisher-1', 'api-2', 'publisher-2', 'api-3'] as const).map(to('old')),
    ],
  },
]
