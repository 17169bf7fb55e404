// COPY straight into the log, in text format with one write per row: how most programs in Node.js use it.
import { copyText } from './copy-text.ts'
import { inTransaction } from './in-transaction.ts'
import { createPeer } from './job.ts'
import { toRow } from './load-events.ts'

export const createContender = createPeer((client, chunk) =>
  inTransaction(client, () => copyText(client, 'log.events', chunk.map(toRow))),
)
