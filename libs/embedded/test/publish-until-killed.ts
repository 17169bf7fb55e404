import { randomUUID } from 'node:crypto'
import { silentLogger } from '@synap/messaging'
import { createPool, type Pool } from '@synap/postgres'
import { createEmbeddedDatabase } from '../src/database/create-database.ts'
import { createLocalLog } from '../src/log/local-log.ts'

/**
 * `node publish-until-killed.ts PLACE TOPIC`: publishes to a topic that is there, on the server or in the folder that
 * PLACE names, and writes the values of each call on a line once they are acknowledged. Never ends by itself.
 */
const [place = '', topic = ''] = process.argv.slice(2)

async function openPool(): Promise<Pool> {
  if (place.startsWith('postgres://')) return createPool({ url: place, applicationName: 'publish' })
  const onExit = (error: Error) => {
    throw error
  }
  const database = await createEmbeddedDatabase({ dataDir: place, logger: silentLogger, onExit })
  return database.pool
}

const log = await createLocalLog({ pool: await openPool(), logger: silentLogger })
const publisher = log.publisher()
const never = new AbortController().signal
const run = randomUUID().slice(0, 8)
for (let call = 0; ; call += 1) {
  const values = Array.from({ length: 10 }, (_, index) => `${run}:${call * 10 + index}`)
  const messages = values.map((value, index) => ({
    key: 'key',
    value: Buffer.from(value),
    headers: { value },
    partition: index % 3,
  }))
  await publisher.publish(topic, messages, never)
  process.stdout.write(`${values.join(' ')}\n`)
}
