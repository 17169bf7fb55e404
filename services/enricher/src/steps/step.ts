import type { Extraction } from '@synap/ai'
import type { Client } from '@synap/postgres'
import type { LeasedJob, StepName } from '../job.ts'

/** What one run of a job keeps in memory, so that the next step need not read it again. Never the only copy. */
export interface JobMemory {
  bytes?: Buffer
  text?: string
  extraction?: Extraction
}

export interface StepContext {
  job: LeasedJob
  memory: JobMemory
  /** Aborts when the process stops or the lease is about to run out. */
  signal: AbortSignal
  /**
   * One transaction that takes the job's row first. Rejects with `LeaseLost` when the job is no longer ours: whatever
   * is written inside counts only while it is.
   */
  readonly commit: <T>(work: (client: Client) => Promise<T>) => Promise<T>
}

export interface StepOutcome {
  state: 'done' | 'skipped'
  /** Writes the result, in the transaction that marks the step and holds the job's row. */
  save?(client: Client): Promise<void>
  /** Why it was skipped, as a stable word. */
  reason?: string
  /** Later steps that have nothing to do. */
  skips?: readonly StepName[]
  /** What ingest made of the analysis; `gone`: the item is no more. For the step that records. */
  outcome?: string
}

/**
 * One step of a job. Rejects with `Deferred` when it is held back, or with a `SynapError`: `dependency` and `configuration` → tried again later, `data` → given
 * up, with the reason shown. Done twice it has the effect of once.
 */
export type Step = (context: StepContext) => Promise<StepOutcome>
