import { ApiError, type ChangeOptions, type SynapClient } from '@synap/client'
import { type AggregateId, type EntityId, type EventId, isUuid, type RelationId } from '@synap/core'
import { findItemId } from '../item-id.ts'
import { readPages } from '../read-pages.ts'
import type { PastEvent } from './describe-undo.ts'

interface Numbers {
  id: string
  version: number
  sequence: number
  correlationId: string
}

/** What has a history in which something can be undone. */
export interface Subject {
  /** Its events, the newest first; the oldest are left out where there are very many. */
  events(): Promise<PastEvent[]>
  undo(event: EventId, options: ChangeOptions): Promise<Numbers>
}

/** The most events that are looked through. */
const most = 1_000

/** `me` (tags and settings), an item, or by its whole id a link. Rejects with 404 for anything else. */
export async function findSubject(client: SynapClient, text: string): Promise<Subject> {
  if (text.toLowerCase() === 'me') {
    const { id } = (await client.settings()).value
    return {
      events: () => eventsOf(client, id),
      undo: (event, options) => client.undoUser(event, options),
    }
  }
  const id = await findItemId(client, text)
  const item = itemOf(client, id)
  if (!isUuid(text.toLowerCase())) return item
  const first = await client.history(id, { limit: 1 }).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  })
  if (first !== undefined) return item
  const [event] = (await client.events({ aggregateId: id, limit: 1 })).value.items
  // Nothing is logged of it yet, or never will be: the server says which.
  if (event?.aggregateType !== 'relation') return item
  return {
    events: () => eventsOf(client, id),
    undo: (undone, options) => client.undoRelation(id as string as RelationId, undone, options),
  }
}

const itemOf = (client: SynapClient, id: EntityId): Subject => ({
  events: async () => (await readPages(most, (page) => client.history(id, page))).items,
  undo: (event, options) => client.undo(id, event, options),
})

const eventsOf = async (client: SynapClient, aggregateId: AggregateId): Promise<PastEvent[]> =>
  (await readPages(most, (page) => client.events({ aggregateId, order: 'newest', ...page }))).items
