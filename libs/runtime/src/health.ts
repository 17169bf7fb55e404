import { errorClass, SynapError, withDeadline } from '@synap/core'

export interface CheckOptions {
  /** Milliseconds until the check counts as failed; 2,000 by default. */
  deadlineMs?: number
  /** False: the service goes on without it. /readyz then says `degraded: <code>` and stays 200. True by default. */
  needed?: boolean
}

/** Answers whether one thing the service depends on works: resolves, or rejects with the reason. */
export type Check = (signal: AbortSignal) => Promise<unknown>

export interface Health {
  /** Part of /readyz under this name; must hold before the service takes work. */
  ready(name: string, check: Check, options?: CheckOptions): void
  /**
   * Part of /livez: false = stuck for good, to be restarted. Alive means "making progress or provably idle", never
   * "the database is up".
   */
  live(name: string, check: () => boolean): void
}

export interface Report {
  ok: boolean
  /** `ok`, or the error's code. */
  checks: Record<string, string>
}

const cacheMs = 1_000
const slowMs = 2_000

/** The checks of one service. Results are kept for a second, so that probes do not become load. */
export class HealthRegistry implements Health {
  readonly #ready = new Map<string, { check: Check; deadlineMs: number; needed: boolean }>()
  readonly #live = new Map<string, () => boolean>()
  #state = 'starting'
  #cached: { at: number; report: Promise<Report> } | undefined

  ready(name: string, check: Check, options: CheckOptions = {}): void {
    this.#ready.set(name, {
      check,
      deadlineMs: options.deadlineMs ?? slowMs,
      needed: options.needed ?? true,
    })
  }

  live(name: string, check: () => boolean): void {
    this.#live.set(name, check)
  }

  /** `ok` once started; before and after that a word for why the service takes no work. */
  setState(state: string): void {
    this.#state = state
    this.#cached = undefined
  }

  /** Forgets all checks, before a start is tried again. */
  clear(): void {
    this.#ready.clear()
    this.#live.clear()
    this.#cached = undefined
  }

  liveness(): Report {
    const checks: Record<string, string> = {}
    for (const [name, check] of this.#live) checks[name] = check() ? 'ok' : 'stuck'
    return { ok: Object.values(checks).every((result) => result === 'ok'), checks }
  }

  readiness(): Promise<Report> {
    const now = performance.now()
    if (this.#cached === undefined || now - this.#cached.at > cacheMs) {
      this.#cached = { at: now, report: this.#runChecks() }
    }
    return this.#cached.report
  }

  async #runChecks(): Promise<Report> {
    const checks: Record<string, string> = { service: this.#state }
    let ok = this.#state === 'ok'
    await Promise.all(
      [...this.#ready].map(async ([name, { check, deadlineMs, needed }]) => {
        const result = await outcome(name, check, deadlineMs)
        checks[name] = result === 'ok' || needed ? result : `degraded: ${result}`
        if (needed && result !== 'ok') ok = false
      }),
    )
    return { ok, checks }
  }
}

async function outcome(name: string, check: Check, deadlineMs: number): Promise<string> {
  try {
    await withDeadline(name, deadlineMs, undefined, async (signal) => check(signal))
    return 'ok'
  } catch (error) {
    return error instanceof SynapError ? error.code : errorClass(error)
  }
}
