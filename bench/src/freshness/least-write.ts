// The least that takes a write: a bare HTTP server, one durable INSERT, and the record sent once it is answered.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { uuidv7 } from '@synap/core'
// What idles spins no timers, as in the services.
import '@synap/kafka'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import type { CreateContender } from '../worker/protocol.ts'
import { type LeastJob, listenAt } from './least.ts'

/** Answers its address. */
export const createContender: CreateContender<LeastJob, string> =
  () =>
  async ({ databaseUrl, brokers, topic }) => {
    const client = new pg.Client({ connectionString: databaseUrl, pipeline: true })
    const kafka = new Kafka({ brokers: [brokers], clientId: 'bench-least', logLevel: logLevel.NOTHING })
    const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
    await Promise.all([client.connect(), producer.connect()])
    const take = async (body: string): Promise<string> => {
      const id = uuidv7()
      await client.query({
        name: 'least_write',
        text: 'insert into bench.items values ($1, $1, 1, $2::jsonb)',
        values: [id, body],
      })
      return id
    }
    return listenAt(
      createServer((request, response) => {
        text(request)
          .then(take)
          .then(async (id) => {
            response.writeHead(201).end(JSON.stringify({ id, sequence: 1 }))
            await producer.send({ topic, acks: -1, messages: [{ key: 'least', value: id }] })
          })
          .catch((error: unknown) => response.destroy(error as Error))
      }),
    )
  }
