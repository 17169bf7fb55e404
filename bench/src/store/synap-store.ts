// Synap's whole store: the events and everything that the log keeps about them, in the same transaction.
import { writeEvents } from '@synap/events-writer/write-events'
import type { CreateContender } from '../worker/protocol.ts'
import type { Stored, StoreJob } from './job.ts'
import { createSynap } from './synap.ts'

export const createContender: CreateContender<StoreJob, Stored> = () =>
  createSynap((client, chunk) =>
    writeEvents(
      client,
      chunk.map(({ placed }) => placed),
    ),
  )
