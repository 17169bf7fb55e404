// COPY into a temporary table, from there with ON CONFLICT DO NOTHING: how timescaledb-parallel-copy skips what is there.
import { copyThroughTemp } from './copy-text.ts'
import { createPeer } from './job.ts'
import { toRow } from './load-events.ts'

export const createContender = createPeer((client, chunk) => copyThroughTemp(client, chunk.map(toRow)))
