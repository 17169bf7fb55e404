import { SynapError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { inTransaction } from '../database.ts'
import { releaseRelayLease, renewRelayLease, takeRelayLease } from '../sql/relay-lease.ts'

/** The right to relay, while `signal` has not aborted. */
export interface HeldLease {
  epoch: number
  /** Aborts when the lease is lost or has run out unrenewed. */
  signal: AbortSignal
  /**
   * Throws `relay.lease_lost` when the lease has run out by this process's monotonic clock. Ask before each send: after
   * a stop (SIGSTOP, a suspended machine) this answers before any timer could.
   */
  assertHeld(): void
  /** Gives it back, so that the next relay begins at once. Never rejects. */
  release(): Promise<void>
}

export interface LeaseOptions {
  pool: Pool
  /** A UUID of this process. */
  holder: string
  /** Milliseconds without renewal after which another may take over. Renewed at a third of it. */
  ttlMs: number
  logger: Logger
}

const lost = () =>
  new SynapError('the lease of the relay has run out', { code: 'relay.lease_lost', class: 'dependency' })

/** Takes the lease and keeps renewing it in the background; undefined while another relay holds it. */
export async function takeLease({
  pool,
  holder,
  ttlMs,
  logger,
}: LeaseOptions): Promise<HeldLease | undefined> {
  // The clock starts before the question, so that it runs out here no later than in the database.
  let deadline = performance.now() + ttlMs
  const epoch = await inTransaction(pool, (client) => takeRelayLease(client, holder, ttlMs))
  if (epoch === undefined) return undefined
  const controller = new AbortController()
  const isOver = () => controller.signal.aborted || performance.now() >= deadline

  const renew = async () => {
    const asked = performance.now()
    try {
      const kept = await inTransaction(pool, (client) => renewRelayLease(client, epoch, ttlMs))
      if (!kept) controller.abort(lost())
      else if (!isOver()) deadline = asked + ttlMs
    } catch (error) {
      logger.warn({ error, epoch }, 'the lease of the relay could not be renewed')
    }
  }
  let renewing: Promise<void> | undefined
  const renewal = setInterval(() => {
    renewing ??= renew().finally(() => {
      renewing = undefined
    })
  }, ttlMs / 3)
  const watch = setInterval(() => {
    if (isOver()) controller.abort(lost())
  }, ttlMs / 10)
  const stop = () => {
    clearInterval(renewal)
    clearInterval(watch)
  }
  controller.signal.addEventListener('abort', stop, { once: true })

  return {
    epoch,
    signal: controller.signal,
    assertHeld: () => {
      if (isOver()) {
        controller.abort(lost())
        throw lost()
      }
    },
    release: async () => {
      controller.abort(lost())
      await renewing
      await inTransaction(pool, (client) => releaseRelayLease(client, epoch)).catch((error: unknown) => {
        logger.warn({ error, epoch }, 'the lease of the relay could not be given back')
      })
    },
  }
}
