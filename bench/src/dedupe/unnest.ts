// UNNEST ON CONFLICT DO NOTHING.
import { byColumn, insertRows } from '../writer/rows.ts'
import { createPeer } from './peers.ts'

export const createContender = createPeer(
  async (client, rows) => void (await client.query({ ...insertRows, values: byColumn(rows) })),
)
