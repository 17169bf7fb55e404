// Drizzle, an ORM of the field: a transaction with two inserts, on the same driver.
import { drizzle } from 'drizzle-orm/node-postgres'
import {
  bigint,
  bigserial,
  customType,
  integer,
  jsonb,
  pgSchema,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { createAppender, openPool } from './job.ts'
import { template } from './template.ts'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const schema = pgSchema('bench')

const items = schema.table('items', {
  userId: uuid('user_id').notNull(),
  aggregateId: uuid('aggregate_id').notNull(),
  aggregateType: text('aggregate_type').notNull(),
  version: integer('version').notNull(),
  sequence: bigint('sequence', { mode: 'number' }).notNull(),
  state: jsonb('state').notNull(),
  stateVersion: integer('state_version').notNull(),
})

const outbox = schema.table('outbox', {
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  eventId: uuid('event_id').notNull(),
  eventType: text('event_type').notNull(),
  userId: uuid('user_id').notNull(),
  aggregateId: uuid('aggregate_id').notNull(),
  aggregateType: text('aggregate_type').notNull(),
  version: integer('version').notNull(),
  sequence: bigint('sequence', { mode: 'number' }).notNull(),
  occurredAt: timestamp('occurred_at', { withTimezone: true }).notNull().defaultNow(),
  source: text('source').notNull(),
  correlationId: uuid('correlation_id').notNull(),
  actorKind: text('actor_kind').notNull(),
  delta: bytea('delta').notNull(),
  fingerprint: bytea('schema_fingerprint').notNull(),
  traceparent: text('traceparent'),
})

export const createContender = createAppender(async (job) => {
  const pool = openPool(job)
  const database = drizzle({ client: pool })
  const { state, stateVersion, aggregateType, ...event } = template
  const numbers = { version: 1, sequence: 1 }
  return {
    append: ({ userId, aggregateId, eventId }) =>
      database.transaction(async (transaction) => {
        const place = { userId, aggregateId, aggregateType, ...numbers }
        await transaction.insert(items).values({ ...place, state, stateVersion })
        await transaction.insert(outbox).values({ ...place, ...event, eventId, occurredAt: new Date() })
      }),
    close: () => pool.end(),
  }
})
