import { messageHeaders } from '@synap/contracts'
import type { InboundMessage } from '@synap/messaging'
import pg from 'pg'
import { asOwner, type Row, rowOf } from '../writer/rows.ts'
import { createDeduper } from './job.ts'

/** A peer that decodes and leaves it to the unique index to find out what is there already. */
export const createPeer = (write: (client: pg.Client, rows: readonly Row[]) => Promise<void>) =>
  createDeduper(async ({ databaseUrl }) => {
    const client = new pg.Client({ connectionString: databaseUrl, options: asOwner })
    await client.connect()
    return { take: (batch) => write(client, batch.map(toRow)), close: () => client.end() }
  })

const toRow = ({ value, headers }: InboundMessage) =>
  rowOf(value, headers[messageHeaders.traceparent] ?? null)
