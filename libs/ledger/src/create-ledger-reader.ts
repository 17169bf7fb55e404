import type { Ledger } from '@synap/contracts'
import { sha256Hex, type UserId } from '@synap/core'
import type { ObjectStore } from '@synap/object-store'
import { type Pool, query, transaction } from '@synap/postgres'
import { inActiveReadModel } from './active-read-model.ts'
import type { TopicToRead } from './agreement/read-topic.ts'
import { countTopic } from './count-topic.ts'
import * as sql from './sql.ts'

/** Reads what each store holds of one user. */
export interface LedgerReader {
  /** Everything but the topic, which is null. */
  read(signal?: AbortSignal): Promise<Ledger>
  /** Reads the user's partition of the topic from its beginning. */
  readTopic(signal?: AbortSignal): Promise<NonNullable<Ledger['topic']>>
}

/** The stores themselves; whoever opened them closes them. */
export interface Stores {
  /** Its login may take the roles of all services. One connection is enough. */
  pool: Pool
  store: Pick<ObjectStore, 'list'>
  topic: TopicToRead
}

/** A reader of the stores for one user; it holds nothing open. */
export function createLedgerReader({ pool, store, topic }: Stores, userId: UserId): LedgerReader {
  return {
    read: (signal) => readStores(pool, store, userId, signal),
    readTopic: (signal) => countTopic(topic, userId, signal),
  }
}

/** Whose key it is; undefined when the database does not know it, or it was revoked. */
export async function findUserOfKey(pool: Pool, apiKey: string): Promise<UserId | undefined> {
  const [row] = await transaction(pool, { role: 'synap_ingest' }, (client) =>
    query<{ user_id: UserId }>(client, sql.findUserOfKey(sha256Hex(apiKey))),
  )
  return row?.user_id
}

/**
 * One statement per owner, each under that owner's role, one after the other: they are no snapshot, so while events
 * are on their way a later store may be ahead of an earlier one.
 */
async function readStores(
  pool: Pool,
  store: Stores['store'],
  userId: UserId,
  signal?: AbortSignal,
): Promise<Ledger> {
  const rowsOf = <T>(role: string, statement: sql.Statement): Promise<T[]> => {
    signal?.throwIfAborted()
    return transaction(pool, { role, userId }, async (client) =>
      query<T>(client, { ...statement, text: await inActiveReadModel(client, statement.text) }),
    )
  }
  const one = async <T>(role: string, statement: sql.Statement) => (await rowsOf<T>(role, statement))[0] as T
  const write = await one<sql.WriteCounts>('synap_ingest', sql.countWrite(userId))
  const log = await one<Ledger['log']>('synap_events_writer', sql.countLog(userId))
  const readModel = await one<Ledger['readModel']>('synap_projector', sql.countReadModel(userId))
  const jobs = await one<Ledger['jobs']>('synap_enricher', sql.countJobs(userId))
  const objects = await rowsOf<{ object_key: string }>('synap_ingest', sql.listObjects(userId))
  return {
    userId,
    acknowledged: { items: write.items, withContent: write.with_content, events: write.events },
    objects: await compareObjects(store, userId, new Set(objects.map((row) => row.object_key)), signal),
    outbox: { events: write.outbox, unpublished: write.unpublished },
    topic: null,
    log,
    readModel,
    jobs,
  }
}

/** Only keys of content: what was derived from it is not in the write model's list. */
async function compareObjects(
  store: Stores['store'],
  userId: UserId,
  referenced: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<Ledger['objects']> {
  let present = 0
  let unreferenced = 0
  const own = `users/${userId}/`
  for await (const { key } of store.list(own)) {
    signal?.throwIfAborted()
    if (referenced.has(key)) present += 1
    else if (!/^(derived|exports)\//.test(key.slice(own.length))) unreferenced += 1
  }
  return { referenced: referenced.size, present, unreferenced }
}
