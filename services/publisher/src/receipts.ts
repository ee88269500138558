import { randomBytes } from 'node:crypto'
import type { Barrier } from '@rescind/log'
import { type Clock, type Cursor, limits, sameCursor } from '@rescind/protocol'
import { Confirmations } from './confirmations.ts'
import {
  BARRIER_AGAIN_MS,
  BARRIER_PATIENCE_MS,
  BARRIER_PATIENCE_PER_REPLICA_MS,
  MAX_BARRIERS_KEPT,
  MAX_WAITING_RECEIPTS,
  PRESENCE_GRACE_MS,
} from './limits.ts'
import { type Asked, isBeyond, type Receipt, receiptOf, unconfirmed } from './receipt.ts'
import type { KnownReplica, Replicas } from './replicas.ts'

/** What receipts need. */
export interface ReceiptsParts {
  readonly clock: Clock
  readonly replicas: Replicas
  /** The publisher's own replica, which is not counted: "12 of 12" is said of APIs. */
  readonly own: { readonly id: string; readonly name: string }
  /** Least bound on the age of a proof that a replica is supposed to have, in milliseconds. */
  readonly staleAfterMs: number
  /** How long presence has been heard without a break, in milliseconds; 0 while it is not heard. */
  listenedMs(): number
  /** Asks all replicas. Never waits, never fails. */
  barrier(barrier: Barrier): void
  /** Told of each answer, and how long after the acknowledgement it was given, in milliseconds. */
  onAnswered?(ms: number, enforced: boolean): void
}

/** How long to wait, and for how many. */
export interface ConfirmOptions {
  /** 0 answers at once. */
  readonly timeoutMs: number
  /** Replicas that must have confirmed, at least 1. */
  readonly minReplicas: number
  /** When the frame was acknowledged, on the monotonic clock; default now. */
  readonly appendedAtMs?: number
  /** Ends the wait early. */
  readonly signal?: AbortSignal
}

/** What came of waiting. */
export interface Confirmation {
  /** Every replica that counts has confirmed or refuses by itself, `minReplicas` have confirmed, and all are known. */
  readonly enforced: boolean
  readonly receipt: Receipt
}

interface Waiter extends Asked {
  readonly deadlineMs: number
  readonly minReplicas: number
  /** A barrier that covers it has been sent. */
  isAsked: boolean
  /** The place of a replica that was found to be missing, which is looked at first. */
  missing: string
  /** What was known when it was last found not to be enforced though nobody is missing. */
  judgedAt: number
  settle(confirmation: Confirmation): void
}

/**
 * Proof of enforcement: who has applied a frame, by asking all replicas with barriers and hearing their presence. One
 * barrier serves all who wait at the time, for the newest of their cursors. While its answers come in, nobody else's goes
 * out, for a while; and as long as somebody waits, another goes out now and then, for what may have been lost.
 */
export class Receipts {
  readonly #parts: ReceiptsParts
  readonly #confirmations = new Confirmations()
  /** By id, the oldest first: the cursors of barriers that answers may still name. */
  readonly #sent = new Map<string, Cursor>()
  readonly #waiting = new Set<Waiter>()
  /** The barrier whose answers come in. */
  #out: { readonly cursor: Cursor; readonly sentAtMs: number } | undefined
  #outMissing = ''
  /** Somebody has appeared who did not hear the last barrier. */
  #isNewcomer = false
  /** Counts what was heard that may change an answer. */
  #known = 0
  #looking: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(parts: ReceiptsParts) {
    this.#parts = parts
    parts.replicas.listen({
      heard: (replica, isNew) => this.#heard(replica, isNew),
      gone: (place) => {
        this.#confirmations.forget(place)
        this.#known += 1
        this.#lookSoon()
      },
    })
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** How many replicas count. */
  get counted(): number {
    return [...this.#counted()].length
  }

  /** Resolves once the frame at `cursor` is enforced, or with what is known when the time is up. Never rejects. */
  confirm(cursor: Cursor, options: ConfirmOptions): Promise<Confirmation> {
    const nowMs = this.#parts.clock.monotonic()
    const { timeoutMs, minReplicas, appendedAtMs = nowMs, signal } = options
    return new Promise((resolve) => {
      const stop = (): void => waiter.settle(this.#judge(waiter))
      const waiter: Waiter = {
        cursor,
        appendedAtMs,
        deadlineMs: nowMs + timeoutMs,
        minReplicas: Math.max(1, minReplicas),
        isAsked: false,
        missing: '',
        judgedAt: -1,
        settle: (confirmation) => {
          this.#waiting.delete(waiter)
          this.#parts.onAnswered?.(this.#parts.clock.monotonic() - appendedAtMs, confirmation.enforced)
          signal?.removeEventListener('abort', stop)
          resolve(confirmation)
        },
      }
      // What was heard before anybody waited counts, too.
      for (const replica of this.#counted()) this.#noteEqual(replica, cursor)
      const isOver = this.#isClosed || signal?.aborted || timeoutMs <= 0 || this.#waiting.size >= MAX_WAITING_RECEIPTS
      if (isOver) return stop()
      signal?.addEventListener('abort', stop, { once: true })
      this.#waiting.add(waiter)
      this.#lookSoon()
    })
  }

  /**
   * The receipt of a frame as presence tells it now, without asking anybody: a replica that is at it, or further in its
   * epoch, counts as confirmed, by its own word.
   *
   * @param ageMs how long ago the frame was appended
   */
  receiptNow(cursor: Cursor, ageMs: number): Receipt {
    const nowMs = this.#parts.clock.monotonic()
    const asked = { cursor, appendedAtMs: nowMs - Math.max(0, ageMs) }
    return receiptOf(this.#counted(), asked, nowMs, ({ place, presence, seenAtMs }) => {
      const heardAtMs = this.#confirmations.heardAtMs(place, cursor)
      if (heardAtMs !== undefined || presence.incomplete) return heardAtMs
      return isBeyond(presence.cursor, cursor) ? seenAtMs : undefined
    })
  }

  /** Answers all who wait with what is known, and everybody from now on; idempotent. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearImmediate(this.#looking)
    for (const waiter of this.#waiting) waiter.settle(this.#judge(waiter))
  }

  #heard(replica: KnownReplica, isNew: boolean): void {
    if (this.#isOwn(replica)) return
    const { barrier, cursor, incomplete } = replica.presence
    const asked = barrier === undefined ? undefined : this.#sent.get(barrier)
    if (asked !== undefined && !incomplete && isBeyond(cursor, asked)) {
      this.#confirmations.note(replica.place, asked, replica.seenAtMs)
    }
    for (const waiter of this.#waiting) this.#noteEqual(replica, waiter.cursor)
    this.#known += 1
    if (isNew) this.#isNewcomer = true
    if (this.#waiting.size > 0) this.#lookSoon()
  }

  /** A replica at this very cursor has applied it, whether it was asked or not. */
  #noteEqual({ place, presence, seenAtMs }: KnownReplica, cursor: Cursor): void {
    if (presence.cursor?.seq !== cursor.seq || presence.incomplete || !sameCursor(presence.cursor, cursor)) return
    this.#confirmations.note(place, cursor, seenAtMs)
  }

  /** What arrives together is looked at once. */
  #lookSoon(): void {
    if (this.#isClosed) return
    this.#looking ??= setImmediate(() => {
      this.#looking = undefined
      this.#look()
    })
  }

  #look(): void {
    clearTimeout(this.#timer)
    const nowMs = this.#parts.clock.monotonic()
    const unheardMs = this.#unheardMs()
    for (const waiter of this.#waiting) if (this.#isOver(waiter, nowMs, unheardMs)) waiter.settle(this.#judge(waiter))
    if (this.#waiting.size === 0) {
      this.#isNewcomer = false
      return
    }
    if (this.#isBarrierDue(nowMs)) this.#sendBarrier(nowMs)
    // Often enough for the next barrier and for every deadline; nothing of it keeps the process alive.
    const pauseMs = [...this.#waiting].some(({ isAsked }) => !isAsked) ? limits.BARRIER_EVERY_MS : 20
    this.#timer = setTimeout(() => this.#look(), pauseMs).unref()
  }

  /** True if nothing that can still happen in time would make another answer of it. */
  #isOver(waiter: Waiter, nowMs: number, unheardMs: number): boolean {
    if (nowMs >= waiter.deadlineMs) return true
    if (this.#isMissing(waiter, nowMs)) return false
    const isHeardInTime = nowMs + unheardMs <= waiter.deadlineMs
    if ((unheardMs > 0 && isHeardInTime) || waiter.judgedAt === this.#known) return false
    waiter.judgedAt = this.#known
    const { enforced, receipt } = this.#judge(waiter)
    if (enforced || receipt.confirmed.length < waiter.minReplicas) return enforced
    return this.#parts.replicas.isIncomplete || !isHeardInTime
  }

  /** True if a replica is pending or unproved. The one that was so the last time is looked at first: it most likely still is. */
  #isMissing(waiter: Waiter, nowMs: number): boolean {
    const isMissing = (replica: KnownReplica): boolean =>
      this.#confirmations.heardAtMs(replica.place, waiter.cursor) === undefined &&
      unconfirmed(replica, waiter, nowMs) !== 'fenced'
    const last = this.#parts.replicas.at(waiter.missing)
    if (last && isMissing(last)) return true
    for (const replica of this.#counted()) {
      if (!isMissing(replica)) continue
      waiter.missing = replica.place
      return true
    }
    return false
  }

  #judge(waiter: Waiter): Confirmation {
    const nowMs = this.#parts.clock.monotonic()
    const receipt = receiptOf(this.#counted(), waiter, nowMs, ({ place }) =>
      this.#confirmations.heardAtMs(place, waiter.cursor),
    )
    const { confirmed, pending, unproved } = receipt
    const isWhole = pending.length === 0 && unproved.length === 0 && confirmed.length >= waiter.minReplicas
    return { enforced: isWhole && !this.#parts.replicas.isIncomplete && this.#unheardMs() === 0, receipt }
  }

  /** How long presence is still to be heard until every replica that may be live is known, in milliseconds. */
  #unheardMs(): number {
    let boundMs = this.#parts.staleAfterMs
    for (const { presence } of this.#counted()) boundMs = Math.max(boundMs, presence.staleAfterMs)
    return Math.max(0, boundMs + PRESENCE_GRACE_MS - this.#parts.listenedMs())
  }

  #isBarrierDue(nowMs: number): boolean {
    const sinceMs = nowMs - (this.#out?.sentAtMs ?? Number.NEGATIVE_INFINITY)
    if (sinceMs < limits.BARRIER_EVERY_MS) return false
    if (sinceMs >= BARRIER_AGAIN_MS) return true
    const isWanted = this.#isNewcomer || [...this.#waiting].some(({ isAsked }) => !isAsked)
    return isWanted && (sinceMs >= this.#patienceMs() || this.#isOutAnswered())
  }

  #patienceMs(): number {
    return BARRIER_PATIENCE_MS + BARRIER_PATIENCE_PER_REPLICA_MS * this.#parts.replicas.size
  }

  #isOutAnswered(): boolean {
    if (this.#out === undefined) return true
    const { cursor } = this.#out
    const isMissing = ({ place }: KnownReplica): boolean => this.#confirmations.heardAtMs(place, cursor) === undefined
    const last = this.#parts.replicas.at(this.#outMissing)
    if (last && isMissing(last)) return false
    for (const replica of this.#counted()) {
      if (!isMissing(replica)) continue
      this.#outMissing = replica.place
      return false
    }
    return true
  }

  /** Of two epochs that of the last who came: what is asked of an older one nobody can confirm any more. */
  #sendBarrier(nowMs: number): void {
    let newest: Cursor | undefined
    for (const waiter of this.#waiting) {
      waiter.isAsked = true
      if (newest?.epoch !== waiter.cursor.epoch || newest.seq < waiter.cursor.seq) newest = waiter.cursor
    }
    if (newest === undefined) return
    const barrier = randomBytes(16).toString('hex')
    this.#sent.set(barrier, newest)
    if (this.#sent.size > MAX_BARRIERS_KEPT) this.#sent.delete(this.#sent.keys().next().value as string)
    this.#out = { cursor: newest, sentAtMs: nowMs }
    this.#outMissing = ''
    this.#isNewcomer = false
    this.#parts.barrier({ barrier, cursor: newest })
  }

  *#counted(): Generator<KnownReplica> {
    for (const replica of this.#parts.replicas.known()) if (!this.#isOwn(replica)) yield replica
  }

  #isOwn({ presence }: KnownReplica): boolean {
    return presence.replica === this.#parts.own.id && presence.name === this.#parts.own.name
  }
}
