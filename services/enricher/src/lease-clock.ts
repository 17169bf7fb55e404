/** The job is no longer ours: taken over, superseded, cancelled or purged. Nothing of it may be written any more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

export interface LeaseClock {
  /** Aborts a little before the lease runs out, or with the process. */
  signal: AbortSignal
  /** After each renewal in the database. */
  renew(): void
  stop(): void
}

/** Ends what is under way before another process may take the job over, so that no two ask the same of a model. */
export function startLeaseClock(leaseMs: number, stop: AbortSignal): LeaseClock {
  const controller = new AbortController()
  const expire = () => controller.abort(new LeaseLost())
  let timer = setTimeout(expire, leaseMs * 0.9)
  const onStop = () => controller.abort(stop.reason)
  if (stop.aborted) onStop()
  else stop.addEventListener('abort', onStop, { once: true })
  return {
    signal: controller.signal,
    renew: () => {
      clearTimeout(timer)
      timer = setTimeout(expire, leaseMs * 0.9)
    },
    stop: () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', onStop)
    },
  }
}
