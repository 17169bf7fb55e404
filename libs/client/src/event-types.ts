import type { EventChain, EventCounts, EventList, EventView, HistoryList } from '@synap/contracts'
import type { AggregateId, EntityId, EventId } from '@synap/core'
import type { CallOptions } from './transport.ts'
import type { Read, ReadOptions } from './types.ts'

export interface EventsOptions extends ReadOptions {
  types?: readonly string[]
  aggregateId?: AggregateId
  /** 32 hexadecimal characters. */
  correlationId?: string
  /** Instants, `2026-11-21T08:00:00Z`; `from` is included, `to` is not. */
  from?: string
  to?: string
  /** Only events behind this sequence; the list then ends before an event that may still turn up. */
  since?: number
  /** `newest` by default, with `since` `oldest`. */
  order?: 'newest' | 'oldest'
  limit?: number
  cursor?: string
}

export interface EventCountsOptions extends ReadOptions {
  types?: readonly string[]
  /** Days (UTC), `2026-11-21`, both included; by the hour both are needed, at most 31 days. */
  from?: string
  to?: string
  by?: 'day' | 'hour'
}

export interface FollowOptions extends CallOptions {
  /** Every event behind this sequence; without it those that happen from now on. */
  since?: number
  /** Milliseconds without a sign of life until the connection is given up for another; 45,000 by default. */
  silenceMs?: number
  /** Told before each new connection but the first, with what ended the last one (undefined: the server did). */
  onReconnect?: (reason: unknown) => void
}

/** The API of query about events; rejects like `IngestClient`. */
export interface EventsClient {
  events(options?: EventsOptions): Promise<Read<EventList>>
  eventCounts(options?: EventCountsOptions): Promise<Read<EventCounts>>
  /** What caused an event, and what it caused. */
  eventChain(id: EventId, options?: ReadOptions): Promise<Read<EventChain>>
  /** What happened to an entity, newest first, with who and why; `analyses`: with what enrichment did. */
  history(
    id: EntityId,
    options?: ReadOptions & { analyses?: true; limit?: number; cursor?: string },
  ): Promise<Read<HistoryList>>
  /**
   * The user's events as they come, each once and in order. Goes on by itself where it was when the connection breaks, the
   * server restarts or is not there for a while. Ends with the signal, or with `break`; throws an `ApiError` that another
   * try cannot help against, such as a key that was revoked. The next event is asked for when this one has been taken.
   */
  followEvents(options?: FollowOptions): AsyncGenerator<EventView, void>
}
