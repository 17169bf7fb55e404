// A process that does nothing but relay, for tests that stop or kill it. Says "leader" when it holds the lease.
import { createKafka } from '@synap/kafka'
import { silentLogger } from '@synap/messaging'
import { createPool } from '@synap/postgres'
import { prepareMessage } from '../src/relay/prepare-message.ts'
import { startRelay } from '../src/relay/relay.ts'
import { createSchemaBook } from '../src/schema-book.ts'

const [url = '', brokers = '', topic = '', leaseMs = '3000'] = process.argv.slice(2)
const pool = createPool({ url, applicationName: 'relay-process' })
const kafka = createKafka({ brokers: brokers.split(','), clientId: 'relay-process', logger: silentLogger })
const schemas = await createSchemaBook(pool)
startRelay({
  pool,
  publisher: kafka.publisher(),
  topic,
  logger: {
    ...silentLogger,
    info: (_, message) => void process.stdout.write(`${message}\n`),
    warn: (_, message) => void process.stdout.write(`${message}\n`),
  },
  prepare: (row) => prepareMessage(row, topic, schemas),
  refresh: (rows) => schemas.refresh(rows.map(({ fingerprint }) => fingerprint)),
  leaseMs: Number(leaseMs),
  pollMs: 20,
  batchRows: 50,
  batchBytes: 512 * 1024,
  markAfterMs: 5,
  onPublished: () => undefined,
  onQuarantined: () => undefined,
})
