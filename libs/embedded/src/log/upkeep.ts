import { describeError, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import type { Claims } from './claims.ts'
import {
  buryTombstones,
  compactRecords,
  expireRecords,
  findUpkeepPlaces,
  type UpkeepPlace,
} from './sql/upkeep.ts'

export interface UpkeepParts {
  pool: Pool
  claims: Pick<Claims, 'wantedFrom'>
  /** Milliseconds since 1970. */
  now(): number
  signal: AbortSignal
}

/** One statement takes this many records at most: on PGlite everybody else waits for it. */
const limit = 2_000

/**
 * Brings every topic to what its settings say: old records of `delete` topics go (`retention.ms`), and those of
 * `compact` topics that a newer one of their key, or an old tombstone (`delete.retention.ms`), made obsolete. Kinder
 * than a broker: nothing goes that a consumer of this process has not handled, however old, because a machine that was
 * off for a month must not lose what it published before.
 */
export async function keepTopics(parts: UpkeepParts): Promise<void> {
  for (const place of await findUpkeepPlaces(parts.pool, parts.signal)) {
    if (place.config['cleanup.policy'] === 'compact') await keepCompacted(parts, place)
    else await keepDeleted(parts, place)
  }
}

async function keepDeleted(parts: UpkeepParts, place: UpkeepPlace): Promise<void> {
  const ageMs = Number(place.config['retention.ms'] ?? -1)
  if (ageMs < 0) return
  const remove = () => expireRecords(parts.pool, place, removalOf(parts, place, ageMs), parts.signal)
  while ((await remove()) > 0) parts.signal.throwIfAborted()
}

async function keepCompacted(parts: UpkeepParts, place: UpkeepPlace): Promise<void> {
  while ((await compactRecords(parts.pool, place, limit, parts.signal)) > 0) parts.signal.throwIfAborted()
  const ageMs = Number(place.config['delete.retention.ms'] ?? 86_400_000)
  const bury = () => buryTombstones(parts.pool, place, removalOf(parts, place, ageMs), parts.signal)
  while ((await bury()) > 0) parts.signal.throwIfAborted()
}

function removalOf(parts: UpkeepParts, { topic, partition }: UpkeepPlace, ageMs: number) {
  return { before: parts.now() - ageMs, keepFrom: parts.claims.wantedFrom(topic, partition), limit }
}

/** Runs `keepTopics` every so often until the signal aborts. A failure is logged and tried again the next time. */
export async function runUpkeep(parts: UpkeepParts, everyMs: number, logger: Logger): Promise<void> {
  while (!parts.signal.aborted) {
    await wait(everyMs, parts.signal).catch(() => undefined)
    if (parts.signal.aborted) return
    await keepTopics(parts).catch((error: unknown) => {
      if (!parts.signal.aborted)
        logger.warn({ error: describeError(error) }, 'upkeep of the local log failed')
    })
  }
}
