/** The job is no longer ours: taken over, superseded, cancelled or purged. Nothing of it may be written any more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

export interface LeaseClock {
  /** Aborts a little before the lease runs out unrenewed, when it is lost, or with the process. */
  signal: AbortSignal
  /** After each renewal in the database. */
  renewed(): void
  stop(): void
}

export interface LeaseClockOptions {
  leaseMs: number
  stop: AbortSignal
  /** Renews in the database; rejects with `LeaseLost` when the job is not ours any more. */
  renew: () => Promise<void>
}

/**
 * Keeps a lease while slow work is under way, and ends that work before another process may take the job over, so that no
 * two ask the same of a model. A process that died renews nothing: its jobs are free within one lease.
 */
export function startLeaseClock({ leaseMs, stop, renew }: LeaseClockOptions): LeaseClock {
  const controller = new AbortController()
  const lose = () => controller.abort(new LeaseLost())
  let expiry = setTimeout(lose, leaseMs * 0.9)
  const renewed = () => {
    clearTimeout(expiry)
    expiry = setTimeout(lose, leaseMs * 0.9)
  }
  let renewing = false
  const heartbeat = setInterval(() => {
    if (renewing) return
    renewing = true
    renew()
      .then(renewed, (error: unknown) => {
        // A database that is away for a moment decides nothing; the clock goes on.
        if (error instanceof LeaseLost) lose()
      })
      .finally(() => {
        renewing = false
      })
  }, leaseMs / 3)
  const onStop = () => controller.abort(stop.reason)
  if (stop.aborted) onStop()
  else stop.addEventListener('abort', onStop, { once: true })
  return {
    signal: controller.signal,
    renewed,
    stop: () => {
      clearInterval(heartbeat)
      clearTimeout(expiry)
      stop.removeEventListener('abort', onStop)
    },
  }
}
