import { readFile } from 'node:fs/promises'
import type { MadeEvent } from '@synap/inbox/testing'
import type { InboundMessage } from '@synap/messaging'
import type { CreateContender } from '../worker/protocol.ts'
import { chunkRows } from '../writer/rows.ts'
import { deliveriesOf, type Share } from './deliveries.ts'

/** Delivered records to rows of `log.events`. */
export interface DedupeJob {
  databaseUrl: string
  /** Where the records are, once each: one JSON text per line. */
  recordsFile: string
  share: Share
}

export interface Deduped {
  /** From the first delivery in memory to the last commit. */
  seconds: number
  deliveries: number
}

export const topic = 'synap.events.v1'

/** Takes the deliveries batch by batch, in order; made for one job, closed after it. */
export interface Taker {
  take: (batch: readonly InboundMessage[]) => Promise<void>
  close: () => Promise<void>
}

export function createDeduper(open: (job: DedupeJob) => Promise<Taker>): CreateContender<DedupeJob, Deduped> {
  return () => {
    let loaded: Promise<InboundMessage[]> | undefined
    return async (job) => {
      const records = await (loaded ??= readRecords(job.recordsFile))
      const places = deliveriesOf(records.length, job.share)
      const messages = places.map((place, index) => ({
        ...(records[place] as InboundMessage),
        offset: BigInt(index),
      }))
      const taker = await open(job)
      try {
        const beganAt = performance.now()
        for (let at = 0; at < messages.length; at += chunkRows)
          await taker.take(messages.slice(at, at + chunkRows))
        return { seconds: (performance.now() - beganAt) / 1_000, deliveries: messages.length }
      } finally {
        await taker.close()
      }
    }
  }
}

/** A line of the file. */
export const lineOf = ({ key, value, headers }: MadeEvent): string =>
  JSON.stringify({ key, value: value.toString('base64'), headers })

async function readRecords(file: string): Promise<InboundMessage[]> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.map((line) => {
    const { key, value, headers } = JSON.parse(line) as {
      key: string
      value: string
      headers: Record<string, string>
    }
    return {
      topic,
      partition: 0,
      offset: 0n,
      key,
      value: Buffer.from(value, 'base64'),
      headers,
      timestamp: 0,
    }
  })
}
