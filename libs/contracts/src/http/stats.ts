import { z } from 'zod'
import { modelCost, pauseKinds } from './enrichment.ts'
import { embeddingView } from './enrichments.ts'
import { readOptions } from './entity.ts'
import { entityIdSchema, sequenceNumber, timeText } from './shared.ts'
import { stageNames } from './status.ts'

/** `GET /v1/stats` */
export const statsQuery = z.strictObject(readOptions)

const count = z.int().min(0)
const age = z.int().min(0).nullable()

export const stageStats = z
  .strictObject({
    stage: z.enum(stageNames),
    state: z
      .enum(['level', 'behind', 'unknown'])
      .meta({ description: '`unknown`: the part that would know cannot be asked now.' }),
    unit: z.enum(['events', 'items']),
    waiting: count
      .nullable()
      .meta({ description: 'Not through this stage yet; of items what was given up is not counted.' }),
    since: timeText
      .nullable()
      .meta({ description: 'When the oldest of them came; for very old ones not before.' }),
    lagMs: age.meta({ description: 'How long ago that is, in milliseconds; 0 when nothing waits.' }),
  })
  .meta({ id: 'StageStats' })
export type StageStats = z.infer<typeof stageStats>

export const failureGroup = z
  .strictObject({
    stage: z.enum(stageNames),
    state: z.enum(['failed', 'retrying', 'deferred', 'parked']).meta({
      description: '`failed`: given up. `deferred`: held back, nothing was tried.',
    }),
    reason: z.string().meta({ description: 'A stable word.' }),
    count: count.meta({ description: 'Items; events where they are parked.' }),
    example: entityIdSchema.nullable().meta({ description: 'The oldest of them.' }),
    nextRetryAt: timeText.nullable(),
    whatToDo: z.string(),
  })
  .meta({ id: 'FailureGroup' })
export type FailureGroup = z.infer<typeof failureGroup>

export const statsResponse = z
  .strictObject({
    sequence: sequenceNumber.meta({ description: 'Of the last event that was accepted.' }),
    coverage: z
      .strictObject({
        items: count.meta({ description: 'That can be read, deleted ones left out.' }),
        searchable: count.meta({ description: 'Found by words and, where they hold text, by meaning.' }),
        waiting: count,
        failed: count.meta({ description: 'Given up on the way there: found by the words that are known.' }),
      })
      .nullable()
      .meta({ description: 'Null when the read model cannot be asked now.' }),
    stages: z.array(stageStats),
    oldest: z
      .strictObject({ id: entityIdSchema, since: timeText, ageMs: count })
      .nullable()
      .meta({ description: 'The item that has waited longest to be searchable.' }),
    cost: z
      .strictObject({ today: modelCost, total: modelCost })
      .nullable()
      .meta({ description: 'Of models, for this user, since midnight in UTC and in all.' }),
    paused: z
      .array(z.enum(pauseKinds))
      .nullable()
      .meta({ description: 'Kinds of calls that are held back, by whomever.' }),
    embedding: embeddingView.nullable().meta({ description: 'Null when the enricher cannot be asked now.' }),
    failures: z.array(failureGroup).meta({ description: 'By stage and reason, the largest first.' }),
  })
  .meta({ id: 'Stats' })
export type Stats = z.infer<typeof statsResponse>
