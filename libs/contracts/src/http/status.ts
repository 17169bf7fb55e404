import { z } from 'zod'
import { modelCost } from './enrichment.ts'
import { entityIdSchema, sequenceNumber, timeText, versionNumber } from './shared.ts'

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

export const statusResponse = z
  .strictObject({
    id: entityIdSchema,
    version: versionNumber,
    sequence: sequenceNumber,
    stages: z.array(stageSchema).meta({ description: 'Stage by stage, in the order of the way.' }),
    cost: modelCost.nullable().meta({
      description: 'What models cost for this item, in all; null when the enricher cannot be asked now.',
    }),
    complete: z.boolean().meta({ description: 'True when every stage is done or skipped.' }),
  })
  .meta({ id: 'ItemStatus' })
export type StatusResponse = z.infer<typeof statusResponse>
