import { isTimeZone } from '@synap/ai'
import {
  databaseConfig,
  ingestClientConfig,
  integer,
  kafkaConfig,
  modelConfig,
  registryConfig,
  s3Config,
} from '@synap/runtime'
import { z } from 'zod'
import { budgetConfig } from './costs/budget-config.ts'

/** The environment of the enricher; a variable's name is the key in upper snake case. */
export const configSchema = z.object({
  ...databaseConfig,
  ...kafkaConfig,
  ...registryConfig,
  ...s3Config,
  ...ingestClientConfig,
  ...modelConfig,
  ...budgetConfig,
  /** IANA name: what "tomorrow" means for users who chose no time zone. */
  defaultTimeZone: z.string().default('UTC').refine(isTimeZone, 'the name of a time zone is expected'),
  /** Jobs worked on at once, in all and for one user: whoever imports thousands of notes leaves room for others. */
  enrichConcurrency: integer(1, 64).default(8),
  enrichPerUser: integer(1, 64).default(6),
  /** Milliseconds after which the job of a process that died is taken over; renewed while one works on it. */
  enrichLeaseMs: integer(500, 600_000).default(10_000),
  /** Milliseconds between looks for work when nothing wakes the workers. */
  enrichPollMs: integer(10, 60_000).default(1_000),
  /** Failures of a model server in a row after which it is left alone, and milliseconds for how long at first. */
  enrichBreakerFailures: integer(1, 1_000).default(5),
  enrichBreakerMs: integer(10, 3_600_000).default(10_000),
  /** Milliseconds before the first retry of a step; doubles up to ten minutes. */
  enrichRetryMs: integer(1, 600_000).default(1_000),
  /** Tags that may be proposed for one item although neither its user nor its text has them. */
  enrichNewTags: integer(0, 5).default(1),
})

export type EnricherConfig = z.output<typeof configSchema>
