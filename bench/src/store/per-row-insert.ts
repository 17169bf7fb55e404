// One prepared INSERT per row, awaited; a commit per chunk, for a commit per row would measure the disk.
import { insertRow } from '../writer/rows.ts'
import { inTransaction } from './in-transaction.ts'
import { createPeer } from './job.ts'
import { toRow } from './load-events.ts'

export const createContender = createPeer((client, chunk) =>
  inTransaction(client, async () => {
    for (const event of chunk) await client.query({ ...insertRow, values: [...toRow(event)] })
  }),
)
