import { z } from 'zod'
import { modelCost } from './enrichment.ts'
import { entityIdSchema, sequenceNumber, timeText, userIdSchema, versionNumber } from './shared.ts'

const count = z.int().min(0)

export const stageNames = [
  'stored',
  'relayed',
  'logged',
  'projected',
  'extracted',
  'enriched',
  'searchable',
] as const
export type StageName = (typeof stageNames)[number]

/**
 * `unknown`: the part that would know cannot be asked now. `skipped`: nothing to do for this item. `deferred`: held back
 * by a budget, a pause or a server that fails; it goes on at `nextRetryAt`, or when somebody says so.
 */
export const stageStates = [
  'pending',
  'running',
  'retrying',
  'deferred',
  'done',
  'skipped',
  'failed',
  'parked',
  'unknown',
] as const
export type StageState = (typeof stageStates)[number]

export const stageSchema = z
  .strictObject({
    stage: z.enum(stageNames),
    state: z.enum(stageStates),
    at: timeText.nullable().meta({ description: 'When it was done.' }),
    attempts: z.int().min(0),
    error: z
      .string()
      .nullable()
      .meta({ description: 'The last error, or why it was skipped; a stable word.' }),
    nextRetryAt: timeText.nullable(),
  })
  .meta({ id: 'Stage' })
export type Stage = z.infer<typeof stageSchema>

export const stepStates = [
  'pending',
  'running',
  'deferred',
  'done',
  'skipped',
  'failed',
] as const satisfies readonly StageState[]

/** One step of the newest work on an item. */
export const workStep = z
  .strictObject({
    step: z
      .string()
      .meta({ description: 'download, extract, publish_text, analyse, record, embed or publish.' }),
    state: z.enum(stepStates),
    attempts: count,
    error: z
      .string()
      .nullable()
      .meta({ description: 'The last error, or why it was skipped; a stable word.' }),
    startedAt: timeText.nullable().meta({ description: 'The last try.' }),
    finishedAt: timeText.nullable(),
    durationMs: count
      .nullable()
      .meta({ description: 'Of the last try, in milliseconds; null before its end.' }),
    leaseUntil: timeText
      .nullable()
      .meta({ description: 'While it runs: when another process takes over unless its own says more.' }),
    nextRetryAt: timeText.nullable(),
    cost: modelCost,
  })
  .meta({ id: 'WorkStep' })
export type WorkStep = z.infer<typeof workStep>

export const itemWork = z
  .strictObject({
    run: count.meta({ description: '0, or the number of the run that somebody asked for.' }),
    retries: count.meta({ description: 'How often somebody asked for another try of it.' }),
    retriedBy: z
      .strictObject({ user: userIdSchema, key: z.uuid().nullable() })
      .nullable()
      .meta({ description: 'Who asked last, and by which API key.' }),
    steps: z.array(workStep).meta({ description: 'In the order in which they are done.' }),
  })
  .meta({ id: 'ItemWork' })
export type ItemWork = z.infer<typeof itemWork>

export const statusResponse = z
  .strictObject({
    id: entityIdSchema,
    version: versionNumber,
    sequence: sequenceNumber,
    stages: z.array(stageSchema).meta({ description: 'Stage by stage, in the order of the way.' }),
    work: itemWork.nullable().meta({
      description:
        'The steps behind `extracted`, `enriched` and `searchable`; null before the enricher has heard of the content, or when it cannot be asked now.',
    }),
    cost: modelCost.nullable().meta({
      description: 'What models cost for this item, in all; null when the enricher cannot be asked now.',
    }),
    complete: z.boolean().meta({ description: 'True when every stage is done or skipped.' }),
  })
  .meta({ id: 'ItemStatus' })
export type StatusResponse = z.infer<typeof statusResponse>
