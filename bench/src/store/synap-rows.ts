// Synap's way into `log.events`, and nothing else: what the peers do too.
import { writeRows } from '@synap/events-writer/write-rows'
import type { CreateContender } from '../worker/protocol.ts'
import type { Stored, StoreJob } from './job.ts'
import { createSynap } from './synap.ts'

export const createContender: CreateContender<StoreJob, Stored> = () =>
  createSynap(async (client, chunk) => void (await writeRows(client, chunk)))
