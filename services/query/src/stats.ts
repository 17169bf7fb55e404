import {
  type EmbeddingView,
  type FailureGroup,
  type StageName,
  type StageStats,
  type Stats,
  stageNames,
} from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { toModelCost } from './enrichment-view.ts'
import type { SpendingRow } from './sql/enrichment.ts'
import type { Position } from './sql/find-position.ts'
import type { EnrichStats, ReadStats, WriteStats } from './sql/find-stats.ts'
import type { Told } from './stages.ts'
import { whatToDo } from './what-to-do.ts'

export interface StatsTellings {
  write: WriteStats
  /** In the order in which `write.waiting_since` answers: log, read model, enricher. */
  log: Told<Position>
  read: Told<{ position: Position; stats: ReadStats }>
  enrich: Told<{
    position: Position
    stats: readonly EnrichStats[]
    spending: SpendingRow
    embedding: EmbeddingView
  }>
  now: number
}

/** What a user's items are waiting for, put together from what each part told. */
export function statsOf({ write, log, read, enrich, now }: StatsTellings): Stats {
  const [logSince, readSince, enrichSince] = write.waiting_since
  const groups = enrich === 'unknown' ? [] : enrich.stats
  const failed = sum(groups.filter(({ stage, state }) => state === 'failed' && stage !== 'enriched'))
  const waiting = read === 'unknown' ? 0 : Math.max(0, read.stats.unsearchable - failed)
  const stage = (name: StageName, unit: StageStats['unit'], told: Told<Waiting>) =>
    stageOf(name, unit, told, now)
  const behind = (told: Told<Position>, since: number | null | undefined): Told<Waiting> =>
    told === 'unknown' ? told : { waiting: Math.max(0, write.sequence - told.seen), since: since ?? null }
  /** What the enricher has not heard of yet waits for its first stage. */
  const steps = (name: EnrichStats['stage'], unheard: number | null | undefined): Told<Waiting> => {
    if (enrich === 'unknown') return enrich
    const open = groups.filter(({ stage: of, state }) => of === name && state !== 'failed')
    const isLevel = enrich.position.seen >= write.sequence
    const times = [...open.map(({ since }) => since), ...(isLevel ? [] : [unheard ?? null])]
    return { waiting: sum(open), since: earliest(times), isBehind: !isLevel }
  }
  return {
    sequence: write.sequence,
    coverage:
      read === 'unknown'
        ? null
        : {
            items: read.stats.items,
            searchable: Math.max(0, read.stats.items - Math.max(read.stats.unsearchable, failed)),
            waiting,
            failed,
          },
    stages: [
      stage('relayed', 'events', { waiting: write.unrelayed, since: write.unrelayed_since }),
      stage('logged', 'events', behind(log, logSince)),
      stage('projected', 'events', behind(read === 'unknown' ? read : read.position, readSince)),
      stage('extracted', 'items', steps('extracted', enrichSince)),
      stage('enriched', 'items', steps('enriched', enrichSince)),
      stage(
        'searchable',
        'items',
        read === 'unknown' ? read : { waiting, since: waiting > 0 ? read.stats.oldest_at : null },
      ),
    ],
    oldest: read === 'unknown' || waiting === 0 ? null : oldestOf(read.stats, groups, now),
    cost:
      enrich === 'unknown'
        ? null
        : { today: toModelCost(enrich.spending.today), total: toModelCost(enrich.spending.total) },
    paused: enrich === 'unknown' ? null : enrich.spending.paused,
    embedding: enrich === 'unknown' ? null : enrich.embedding,
    failures: [
      ...groups.flatMap(failureOf),
      ...parkedOf('logged', log),
      ...parkedOf('projected', read === 'unknown' ? read : read.position),
      ...parkedOf('extracted', enrich === 'unknown' ? enrich : enrich.position),
    ].sort(
      (a, b) =>
        b.count - a.count ||
        stageNames.indexOf(a.stage) - stageNames.indexOf(b.stage) ||
        a.reason.localeCompare(b.reason),
    ),
  }
}

interface Waiting {
  waiting: number
  since: number | null
  /** Behind though nothing is known to wait: it has not heard of it. */
  isBehind?: boolean
}

function stageOf(stage: StageName, unit: StageStats['unit'], told: Told<Waiting>, now: number): StageStats {
  if (told === 'unknown') return { stage, state: told, unit, waiting: null, since: null, lagMs: null }
  const { waiting, since, isBehind = false } = told
  const isLevel = waiting === 0 && !isBehind
  return {
    stage,
    state: isLevel ? 'level' : 'behind',
    unit,
    waiting,
    since: isLevel || since === null ? null : new Date(since).toISOString(),
    lagMs: isLevel ? 0 : since === null ? null : ageOf(since, now),
  }
}

/** The read model does not know what was given up: work that is open says better what waits. */
function oldestOf(
  { oldest_id: id, oldest_at: at }: ReadStats,
  groups: readonly EnrichStats[],
  now: number,
): Stats['oldest'] {
  const open = groups.filter(({ stage, state }) => stage !== 'enriched' && state !== 'failed')
  const [first] = open.toSorted((a, b) => a.since - b.since)
  const found = first === undefined ? { id, at } : { id: first.example, at: first.since }
  if (found.id === null || found.at === null) return null
  return { id: found.id as EntityId, since: new Date(found.at).toISOString(), ageMs: ageOf(found.at, now) }
}

function failureOf(group: EnrichStats): FailureGroup[] {
  const { stage, state, error, items, example, next_retry_at: next } = group
  if (state === 'pending') return []
  const reason = error ?? 'unknown'
  return [
    {
      stage,
      state,
      reason,
      count: items,
      example: example as EntityId,
      nextRetryAt: next === null ? null : new Date(next).toISOString(),
      whatToDo: whatToDo(state, reason),
    },
  ]
}

function parkedOf(stage: StageName, told: Told<Position>): FailureGroup[] {
  if (told === 'unknown') return []
  const groups = Map.groupBy(told.parked, ({ reason }) => reason)
  return [...groups].map(([reason, slots]) => ({
    stage,
    state: 'parked' as const,
    reason,
    count: slots.length,
    example: (slots[0]?.aggregateId ?? null) as EntityId | null,
    nextRetryAt: null,
    whatToDo: whatToDo('parked', reason),
  }))
}

const sum = (groups: readonly EnrichStats[]) => groups.reduce((total, { items }) => total + items, 0)

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** Clocks of two machines may differ by a little. */
const ageOf = (since: number, now: number) => Math.max(0, Math.round(now - since))
