import type { Answer, Calls } from './calls.ts'
import type { Checks } from './checks.ts'
import type { DemoIssuer } from './demo-issuer.ts'
import type { Deployment, Part } from './deployment.ts'
import { until } from './wait.ts'

/** What the walk-through walks through. */
export interface Tour {
  readonly deployment: Deployment
  readonly issuer: DemoIssuer
  readonly calls: Calls
  readonly checks: Checks
  /** Makes the subjects of this run its own, so that a log that has seen other runs does not matter. */
  readonly run: string
  readonly signal: AbortSignal
}

/**
 * What Rescind does, by real HTTP calls, with real figures: revoke one token, log out everywhere, block and lift, and a
 * replica that comes later. Rejects if it cannot go on; a check that fails is only noted.
 */
export async function walkThrough(tour: Tour): Promise<void> {
  const { issuer, run } = tour
  const [ann, bob] = [`ann-${run}`, `bob-${run}`]
  const laptop = await issuer.mint({ sub: ann })
  const phone = await issuer.mint({ sub: ann })
  const tablet = await issuer.mint({ sub: ann })

  tour.checks.step('A token works on every replica', 'GET /whoami')
  await answersEverywhere(tour, "ann's token", laptop.token, 200)

  await revokeOneToken(tour, laptop, phone.token)
  const next = await logOutEverywhere(tour, ann, [phone.token, tablet.token])
  const bobs = await blockAndLift(tour, bob)
  await startLater(tour, { revoked: [laptop.token, phone.token], accepted: [next, bobs] })
}

async function revokeOneToken(tour: Tour, token: { token: string; jti: string }, other: string): Promise<void> {
  const body = { match: { jti: token.jti }, reason: 'logged_out' }
  tour.checks.step('Revoke that token', 'POST /v1/revocations {"match":{"jti":…},"reason":"logged_out"}')
  await turnEverywhere(tour, [token.token], 401, () => tour.calls.revoke(body))
  const { challenge } = await tour.calls.whoami(first(tour), token.token)
  tour.checks.that(challenge.includes('error="invalid_token"'), `the refusal says WWW-Authenticate: ${challenge}`)
  await answersEverywhere(tour, 'her other token', other, 200)
}

/** Returns a token of the login after it. */
async function logOutEverywhere(tour: Tour, sub: string, tokens: readonly string[]): Promise<string> {
  const body = { match: { sub }, reason: 'password_changed' }
  tour.checks.step('Log out everywhere', 'POST /v1/revocations {"match":{"sub":…},"reason":"password_changed"}')
  const answer = await turnEverywhere(tour, tokens, 401, () => tour.calls.revoke(body))
  const reissueNotBefore = Number(revocation(answer).reissueNotBefore)
  await until(
    () => `the clock did not reach reissueNotBefore, ${reissueNotBefore},`,
    async () => (Date.now() >= reissueNotBefore * 1000 ? true : undefined),
    { withinMs: 10_000, signal: tour.signal },
  )
  const next = await tour.issuer.mint({ sub })
  await answersEverywhere(tour, 'a token minted from reissueNotBefore on', next.token, 200)
  return next.token
}

/** Returns a token that works again after the lift. */
async function blockAndLift(tour: Tour, sub: string): Promise<string> {
  tour.checks.step('Block an account', 'POST /v1/revocations {"match":{"sub":…},"reason":"account_blocked"}')
  const before = await tour.issuer.mint({ sub })
  await answersEverywhere(tour, "bob's token before it", before.token, 200)
  const body = { match: { sub }, reason: 'account_blocked' }
  await turnEverywhere(tour, [before.token], 401, () => tour.calls.revoke(body))
  const after = await tour.issuer.mint({ sub })
  await answersEverywhere(tour, 'even a token minted after it', after.token, 401)

  tour.checks.step('Lift the block', 'POST /v1/lifts {"match":{"sub":…},"mode":"block"}')
  const tokens = [before.token, after.token]
  await turnEverywhere(tour, tokens, 200, () => tour.calls.lift({ match: { sub }, mode: 'block' }))
  return after.token
}

async function startLater(tour: Tour, tokens: { revoked: readonly string[]; accepted: readonly string[] }) {
  const { deployment, calls, checks } = tour
  const name = `api-${deployment.replicas.length + 1}`
  checks.step('A replica that starts later knows it all', 'GET /v1/snapshot, then the log')
  const startedMs = performance.now()
  const late = await deployment.startReplica(name)
  const listensMs = performance.now()
  await calls.ready(late)
  const liveMs = performance.now()
  checks.that(true, `${name} listens after ${ms(listensMs - startedMs)}, and is live ${ms(liveMs - listensMs)} later`)
  const cursor = await until(
    () => `${name} did not come to where api-1 is`,
    async () => {
      const [mine, theirs] = await Promise.all(
        [late, first(tour)].map(async (api) => standing(await calls.status(api))),
      )
      return mine === theirs ? mine : undefined
    },
    { withinMs: 5_000, signal: tour.signal },
  )
  checks.that(true, `it stands where api-1 stands: ${cursor}`)
  await answersAt(tour, [late], 'what was revoked', tokens.revoked, 401)
  await answersAt(tour, [late], 'what was not', tokens.accepted, 200)
}

/** Asks every replica once. */
async function answersEverywhere(tour: Tour, whose: string, token: string, status: number): Promise<void> {
  await answersAt(tour, tour.deployment.replicas, whose, [token], status)
}

async function answersAt(
  tour: Tour,
  replicas: readonly Part[],
  whose: string,
  tokens: readonly string[],
  status: number,
) {
  const answers = await Promise.all(
    replicas.flatMap((replica) =>
      tokens.map(async (token) => ({ replica, ...(await tour.calls.whoami(replica, token)) })),
    ),
  )
  const wrong = answers.filter((answer) => answer.status !== status)
  const where = replicas.map(({ name }) => name).join(', ')
  const but = wrong.map((answer) => `${answer.replica.name} says ${answer.status}`).join(', ')
  tour.checks.that(wrong.length === 0, `${whose}: ${status} on ${where}${but && `, but ${but}`}`)
}

/**
 * Watches every replica over HTTP without a pause, acts, and notes how long after the sending of the act each replica
 * answered `status` for the first time, for the last of the tokens. Returns what the publisher answered.
 */
async function turnEverywhere(tour: Tour, tokens: readonly string[], status: number, act: () => Promise<Answer>) {
  const { deployment, calls, checks } = tour
  const underWay: Promise<void>[] = []
  const turning = deployment.replicas.map(async (replica) => {
    const times = tokens.map((token) => {
      const { promise, resolve } = signalled()
      underWay.push(promise)
      return calls.answerTurns(replica, token, status, resolve).finally(resolve)
    })
    return { replica, atMs: Math.max(...(await Promise.all(times))) }
  })
  const turned = Promise.all(turning)
  // Its failure is thrown below, where it is awaited; until then it must not count as unhandled.
  turned.catch(() => {})
  await Promise.all(underWay)
  const sentMs = performance.now()
  const answer = await act()
  const afterMs = performance.now() - sentMs
  broadcast(tour, answer, afterMs)
  const times = (await turned).map(({ replica, atMs }) => ({ name: replica.name, afterMs: atMs - sentMs }))
  const figures = times.map(({ name, afterMs }) => `${name} after ${ms(afterMs)}`).join(', ')
  // A replica that answered so before it was asked to proves nothing.
  checks.that(
    times.every((time) => time.afterMs > 0),
    `${status} on ${figures}`,
  )
  return answer
}

function broadcast(tour: Tour, { status, body }: Answer, afterMs: number): void {
  const held = status === 201 && body.state === 'broadcast'
  const said = held ? `201 ${body.state}` : `${status} ${JSON.stringify(body)}`
  tour.checks.that(held, `the publisher answered ${said} after ${ms(afterMs)}`)
}

/** What a replica has applied, in words; the same words mean the same state of the same log. */
function standing({ body }: Answer): string {
  const { epoch, seq } = (body.cursor ?? {}) as { epoch?: string; seq?: number }
  return `frame ${seq} of epoch ${epoch?.slice(0, 8)}…, ${body.entries} entries`
}

function revocation({ body }: Answer): Record<string, unknown> {
  return Array.isArray(body.revocations) ? (body.revocations[0] as Record<string, unknown>) : {}
}

function first({ deployment }: Tour): Part {
  const [replica] = deployment.replicas
  if (replica === undefined) throw new Error('there is no replica')
  return replica
}

function signalled(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function ms(duration: number): string {
  return `${duration < 100 ? duration.toFixed(1) : Math.round(duration)} ms`
}
