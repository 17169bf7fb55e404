// Columns as arrays and ON CONFLICT DO NOTHING: how the sinks of Debezium and Flink write.
import { byColumn, insertRows } from '../writer/rows.ts'
import { createPeer } from './job.ts'
import { toRow } from './load-events.ts'

export const createContender = createPeer(
  async (client, chunk) => void (await client.query({ ...insertRows, values: byColumn(chunk.map(toRow)) })),
)
