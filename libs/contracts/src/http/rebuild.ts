import { z } from 'zod'
import { timeText, userIdSchema } from './shared.ts'

const count = z.int().min(0)
const number = z.int().min(1)

/** A part of a read model: `table`, or `table.column`. */
const place = z.string().regex(/^[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62})?$/, 'a table, or table.column')

/**
 * What to do with read models: make the active one anew and put the new one in its place, tell which there are, read
 * the one before again, or drop one that is not read.
 */
export const rebuildRequest = z
  .discriminatedUnion('action', [
    z.strictObject({
      action: z.literal('run'),
      /** `copy`: what is derived from content is taken from the active one; `topic`: read again from its topic. */
      derived: z.enum(['copy', 'topic']).default('copy'),
      /** Switch although rows differ that nothing explains. */
      acceptDifferences: z.boolean().default(false),
      /** Differences here are explained. */
      expected: z.array(place).max(50).default([]),
      /** False: make, follow and compare it only. */
      switch: z.boolean().default(true),
      /** Differences that are told; all are counted. */
      limit: z.int().min(0).max(10_000).default(20),
    }),
    z.strictObject({ action: z.literal('status') }),
    z.strictObject({ action: z.literal('back') }),
    z.strictObject({ action: z.literal('discard') }),
  ])
  .meta({ id: 'RebuildRequest' })
export type RebuildRequest = z.infer<typeof rebuildRequest>
export type RebuildRun = Extract<RebuildRequest, { action: 'run' }>

/** How far a phase is. */
export const rebuildProgress = z.strictObject({
  phase: z.enum(['copy', 'index', 'words', 'follow', 'compare', 'switch']),
  done: count,
  of: count,
  /** What is counted. */
  unit: z.enum(['events', 'steps', 'records', 'users']),
  /** Milliseconds to its end at the speed so far; null while nothing can be said. */
  etaMs: count.nullable(),
})
export type RebuildProgress = z.infer<typeof rebuildProgress>

/** A row that the old and the new read model do not both have alike. */
export const rebuildDifference = z.strictObject({
  table: z.string(),
  /** Columns of its key, with their values. */
  key: z.record(z.string(), z.unknown()),
  userId: userIdSchema,
  /** `missing`: only the old one has it; `extra`: only the new one has it; `changed`: columns differ. */
  kind: z.enum(['missing', 'extra', 'changed']),
  /** Those that differ. A vector is shown as its hash. */
  columns: z.array(z.strictObject({ name: z.string(), old: z.unknown(), new: z.unknown() })),
  /** Why that is to be expected; null: nothing explains it. */
  explanation: z.string().nullable(),
})
export type RebuildDifference = z.infer<typeof rebuildDifference>

/** What a rebuild, or the way back, came to. */
export const rebuildResult = z
  .strictObject({
    /** `compared`: the switch was not wanted; `refused`: `reason` says why not. */
    outcome: z.enum(['switched', 'compared', 'refused']),
    /** Read models: the one that was read, and the other. */
    from: number,
    to: number,
    /** Events of the log that were to be folded, and users that have any. */
    events: count,
    users: count,
    /** Rows that were compared. */
    rows: count,
    differences: z.strictObject({ explained: count, unexplained: count }),
    reason: z.string().nullable(),
    /** Until then the old one is kept level, as the way back. */
    keptUntil: timeText.nullable(),
    seconds: z.number().min(0),
  })
  .meta({ id: 'RebuildResult' })
export type RebuildResult = z.infer<typeof rebuildResult>

/** A read model that there is. */
export const readModelStatus = z
  .strictObject({
    n: number,
    /** Whether it is the one that is read. */
    active: z.boolean(),
    /** `building`: a rebuild fills it; `followed`: it is kept level; `leaving`: it is about to go. */
    state: z.enum(['building', 'followed', 'leaving']),
    madeAt: timeText,
    keptUntil: timeText.nullable(),
    /** Of a rebuild: parts that are filled, and all; null for what was not made by one that can still be told. */
    slices: z.strictObject({ done: count, of: count }).nullable(),
    /** Records, and users, that it is behind the active one by. */
    behind: z.strictObject({ records: count, users: count }),
  })
  .meta({ id: 'ReadModelStatus' })
export type ReadModelStatus = z.infer<typeof readModelStatus>

/** One line (JSON) of what a request is answered with: steps on the way, and last what it came to. */
export const rebuildLine = z.union([
  z.strictObject({ progress: rebuildProgress }),
  z.strictObject({ difference: rebuildDifference }),
  z.strictObject({ rebuild: rebuildResult }),
  z.strictObject({ readModels: z.array(readModelStatus) }),
  z.strictObject({ discarded: number }),
  z.strictObject({ error: z.strictObject({ code: z.string(), class: z.string(), message: z.string() }) }),
])
export type RebuildLine = z.infer<typeof rebuildLine>
