// Prepared INSERT with many rows of VALUES.
import { inTransaction } from './in-transaction.ts'
import { createPeer } from './job.ts'
import { insertValues } from './values.ts'

/** Rows of one statement: of 100, 250, 500 and 1,000 the fastest here. */
const rows = 500

export const createContender = createPeer((client, chunk) =>
  inTransaction(client, async () => {
    for (let at = 0; at < chunk.length; at += rows)
      await client.query(insertValues(chunk.slice(at, at + rows)))
  }),
)
