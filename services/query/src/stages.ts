import type { Stage, StageName, StageState } from '@synap/contracts'
import type { LogStatus, ReadStatus, StepStatus, WriteStatus } from './sql/find-statuses.ts'

/** What a part of Synap answered about an item; a part that cannot be asked now is `unknown`. */
export type Told<T> = T | 'unknown'

export interface Tellings {
  write: WriteStatus
  log: Told<LogStatus | undefined>
  read: Told<ReadStatus | undefined>
  /** Steps of the newest job; empty when the enricher has not heard of the item yet. */
  steps: Told<readonly StepStatus[]>
}

/** The way of an item, stage by stage. */
export function stagesOf({ write, log, read, steps }: Tellings): Stage[] {
  const known = steps === 'unknown' ? steps : currentSteps(write, read, steps)
  const projected = followed(
    'projected',
    write,
    read,
    read === 'unknown' ? null : (read?.projected_at ?? null),
  )
  return [
    stage('stored', 'done', { at: write.stored_at }),
    write.pending === 0 ? stage('relayed', 'done', { at: write.relayed_at }) : stage('relayed', 'pending'),
    followed('logged', write, log, log === 'unknown' ? null : (log?.logged_at ?? null)),
    projected,
    fromSteps('extracted', known, ['download', 'extract', 'publish_text']),
    fromSteps('enriched', known, ['analyse', 'record']),
    searchable(projected, read, known),
  ]
}

export function isComplete(stages: readonly Stage[]): boolean {
  return stages.every(({ state }) => state === 'done' || state === 'skipped')
}

/** A stage that is done once its store holds the item's newest version. */
function followed(
  name: StageName,
  write: WriteStatus,
  told: Told<{ version: number | null; parked: number; parkedFor?: string } | undefined>,
  at: number | null,
): Stage {
  if (told === 'unknown') return stage(name, 'unknown')
  if (told === undefined) return stage(name, 'pending')
  if (told.parked > 0) return stage(name, 'parked', { error: told.parkedFor ?? 'parked' })
  return (told.version ?? 0) >= write.version ? stage(name, 'done', { at }) : stage(name, 'pending')
}

/** Steps of a job for content that the item no longer has say nothing about it. */
export function currentSteps(
  write: Pick<WriteStatus, 'content_sha256'>,
  read: Told<Pick<ReadStatus, 'content_sha256'> | undefined>,
  steps: readonly StepStatus[],
): readonly StepStatus[] {
  const current = write.content_sha256 ?? (read === 'unknown' ? null : (read?.content_sha256 ?? null))
  return current === null ? steps : steps.filter(({ content_hash: hash }) => hash === current)
}

function fromSteps(name: StageName, steps: Told<readonly StepStatus[]>, names: readonly string[]): Stage {
  if (steps === 'unknown') return stage(name, 'unknown')
  const own = steps.filter(({ step }) => names.includes(step))
  const attempts = Math.max(0, ...own.map((step) => step.attempts))
  const open = own.find(({ state }) => state !== 'done' && state !== 'skipped')
  if (own.length === 0) return stage(name, 'pending')
  if (open === undefined) {
    const done = own.filter(({ state }) => state === 'done')
    const last = Math.max(...done.map((step) => step.finished_at ?? 0))
    const reason = own.find(({ state, error }) => state === 'skipped' && error !== null)?.error
    // What was found to have no text is told to others too: that does not make it extracted.
    if (reason !== undefined) return stage(name, 'skipped', { attempts, error: reason })
    return stage(name, done.length > 0 ? 'done' : 'skipped', { at: last > 0 ? last : null, attempts })
  }
  return stage(name, stateOf(open), {
    attempts,
    error: open.error,
    nextRetryAt: open.state === 'pending' || open.state === 'deferred' ? open.next_retry_at : null,
  })
}

function stateOf({ state, error }: StepStatus): StageState {
  return state === 'pending' && error !== null ? 'retrying' : state
}

/** Found by words from the projection on; done once it is found by meaning too, where there is anything to embed. */
function searchable(
  projected: Stage,
  read: Told<ReadStatus | undefined>,
  steps: Told<readonly StepStatus[]>,
): Stage {
  if (read === 'unknown' || steps === 'unknown') return stage('searchable', 'unknown')
  const embedding = fromSteps('searchable', steps, ['embed', 'publish'])
  if (projected.state !== 'done') return stage('searchable', 'pending')
  if ((read?.vectors ?? 0) > 0) {
    return stage('searchable', 'done', { at: read?.vectors_at ?? null, attempts: embedding.attempts })
  }
  if (embedding.state === 'skipped') return stage('searchable', 'done', { at: read?.projected_at ?? null })
  // Published, but not projected yet.
  return embedding.state === 'done' ? stage('searchable', 'pending') : embedding
}

interface Particulars {
  at?: number | null
  attempts?: number
  error?: string | null
  nextRetryAt?: number | null
}

function stage(name: StageName, state: StageState, particulars: Particulars = {}): Stage {
  const time = (ms: number | null | undefined) =>
    ms === null || ms === undefined ? null : new Date(ms).toISOString()
  return {
    stage: name,
    state,
    at: time(particulars.at),
    attempts: particulars.attempts ?? 0,
    error: particulars.error ?? null,
    nextRetryAt: time(particulars.nextRetryAt),
  }
}
