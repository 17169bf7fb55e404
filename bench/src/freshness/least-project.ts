// The least that projects: a consumer that writes one row and tells of it, in one commit.
import { uuidv7 } from '@synap/core'
// What idles spins no timers, as in the services.
import '@synap/kafka'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import { type LeastJob, leastChannel } from './least.ts'
import { delta } from './peer-tables.ts'

/** Resolves when it consumes. */
export const createContender: CreateContender<LeastJob, null> =
  () =>
  async ({ databaseUrl, brokers, topic }) => {
    const client = new pg.Client({ connectionString: databaseUrl, pipeline: true })
    const kafka = new Kafka({ brokers: [brokers], clientId: 'bench-least', logLevel: logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: `bench-${uuidv7()}`, maxWaitTimeInMs: 200 })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await Promise.all([client.connect(), consumer.connect()])
    await consumer.subscribe({ topics: [topic], fromBeginning: false })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        await client.query({
          name: 'least_project',
          text: `with row as (
              insert into bench.entities values ($1, $1, $2::jsonb ->> 'title', $2::jsonb, 1)
                on conflict (entity_id) do update set delta = excluded.delta returning entity_id
            ) select pg_notify('${leastChannel}', '') from row`,
          values: [message.value?.toString() ?? '', delta],
        })
      },
    })
    await joined
    return null
  }
