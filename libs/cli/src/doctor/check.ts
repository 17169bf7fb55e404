import type { DoctorContext } from './context.ts'

/** - `warning`: works, and something is worth knowing or doing. - `failed`: something does not work. */
export type CheckState = 'ok' | 'warning' | 'failed'

export interface Finding {
  state: CheckState
  /** One line: what is there. */
  found: string
  /** What to do, with the command to run; null when nothing needs doing. */
  advice: string | null
}

export interface Check {
  /** Stable: programs find it by this name. */
  name: string
  /** Milliseconds after which it counts as failed; 5,000 by default. */
  deadlineMs?: number
  /** What to do when it cannot even look: the advice for a `run` that rejects. */
  otherwise(context: DoctorContext): string
  /** Looks, and changes nothing that anybody would notice. Undefined where it does not apply. */
  run(context: DoctorContext, signal: AbortSignal): Promise<Finding | undefined>
}

export const ok = (found: string): Finding => ({ state: 'ok', found, advice: null })
export const warning = (found: string, advice: string): Finding => ({ state: 'warning', found, advice })
export const failed = (found: string, advice: string): Finding => ({ state: 'failed', found, advice })
