import { errorClass, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import { derivedTextKey } from '@synap/object-store'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import type { DerivedPublisher } from './publish-derived.ts'
import {
  deletePurged,
  findPublishedPlaces,
  findPurgedContents,
  finishPurgePass,
  takeDuePurge,
} from './sql/purges.ts'
import type { Objects } from './steps/objects.ts'

export interface TombstoneOptions {
  pool: Pool
  logger: Logger
  derived: DerivedPublisher
  objects: Objects
}

const lastPass = 1
const everyMs = 5_000

/**
 * Removes what is derived of one purged item or user: texts from the object store, records from the topic by tombstones.
 * Done twice it has the effect of once. False when none is due.
 */
export async function sendDueTombstones(options: TombstoneOptions, signal: AbortSignal): Promise<boolean> {
  const { pool, derived, objects } = options
  const due = await inTransaction(pool, async (client) => {
    const purge = await takeDuePurge(client)
    if (purge === undefined) return undefined
    const places = await findPublishedPlaces(client, purge)
    return { purge, places, contents: await findPurgedContents(client, purge) }
  })
  if (due === undefined) return false
  const { purge, places, contents } = due
  if (places.length > 0) await derived.bury(places, signal)
  for (const { contentHash, ...item } of contents) {
    await objects.delete(derivedTextKey({ ...item, sha256: contentHash }), { signal })
  }
  await inTransaction(pool, async (client) => {
    await finishPurgePass(client, purge)
    if (purge.passes >= lastPass) await deletePurged(client, purge)
  })
  return true
}

/** Sends what is due now and then until stopped. Failures are logged and tried again. */
export function startTombstones(options: TombstoneOptions): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const loop = async () => {
    while (!signal.aborted) {
      try {
        while (await sendDueTombstones(options, signal)) signal.throwIfAborted()
      } catch (error) {
        if (signal.aborted) return
        if (errorClass(error) === 'bug') throw error
        options.logger.warn({ error }, 'tombstones could not be sent')
      }
      await wait(everyMs, signal).catch(() => undefined)
    }
  }
  const looping = loop()
  return {
    async stop() {
      stopping.abort(new Error('the enricher is stopping'))
      await looping
    },
  }
}
