import { describeError } from '@synap/core'
import { type Pool, queryRole, transaction } from '@synap/postgres'
import { counter, type Logger } from '@synap/telemetry'
import { findAllowedIds } from '../sql/allowed-entities.ts'
import { findPosition, stateOf } from '../sql/find-position.ts'
import type { CommonFilter } from '../sql/list-entities.ts'
import type { VectorsOf } from './load-vectors.ts'

export interface ChoiceToRead {
  of: VectorsOf
  filter: CommonFilter
  /** When more pass, there is none. */
  most: number
}

/** Ids of the entities that pass, 16 bytes each, at a position of the read model (see `stateOf`). */
interface PassingIds {
  ids: Uint8Array
  position: string
}

export interface ReadChoiceDeps {
  pool: Pool
  logger: Logger
}

const choices = counter('synap_query_vector_cache_choices', {
  help: 'Readings of what a filter lets pass into memory, by what came of them.',
})

/**
 * What a filter lets pass, in one snapshot, to be kept. It is not where too many pass or the position cannot be told. A failure is
 * logged, and counted like every end.
 */
export async function readChoice(
  { pool, logger }: ReadChoiceDeps,
  choice: ChoiceToRead,
  keep: (passing: PassingIds) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const passing = await read(pool, choice, signal)
    if (passing !== undefined) keep(passing)
    choices.add(1, { outcome: passing === undefined ? 'none' : 'read' })
  } catch (error) {
    choices.add(1, { outcome: 'failed' })
    if (!signal.aborted) {
      logger.warn({ error: describeError(error) }, 'what a filter lets pass was not read into memory')
    }
  }
}

async function read(
  pool: Pool,
  { of: { schema, userId }, filter, most }: ChoiceToRead,
  signal: AbortSignal,
): Promise<PassingIds | undefined> {
  const [ids, position] = await transaction(
    pool,
    { role: queryRole, userId },
    (client) =>
      Promise.all([findAllowedIds(client, schema, filter, most), findPosition(client, schema, userId)]),
    { readOnly: true, isolation: 'repeatable read', genericPlans: true, signal },
  )
  const state = stateOf(position)
  return ids === undefined || state === undefined ? undefined : { ids, position: state }
}
