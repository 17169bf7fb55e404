import type { UserId } from '@synap/core'
import type { LogRow, Moment, OutboxRow, Slot } from './place.ts'

/** Consecutive numbers of a user, both ends included. */
export interface Span {
  userId: UserId
  from: number
  to: number
}

/** Something that stands at a number of a user. */
export type Placed<T> = T & { userId: UserId; sequence: number }

/** How far a store is with a user. */
export interface Position {
  userId: UserId
  sequence: number
}

export interface ReadPosition extends Position {
  erased: number | null
}

/** Users by id, some at a time. */
export interface UserPage {
  /** Null: all. */
  user: UserId | null
  after: UserId | null
  limit: number
}

/** Where the read model is with an aggregate; `purged` is gone for good. */
export interface ReadRow {
  aggregateId: string
  userId: UserId
  version: number
  sequence: number
  purged: boolean
}

/** What the owners of the stores tell an operator. Every list is in the order of users and numbers. */
export interface LedgerStores {
  moment(): Promise<Moment>
  heads(page: UserPage): Promise<Position[]>
  logPositions(page: UserPage): Promise<Position[]>
  readPositions(page: UserPage): Promise<ReadPosition[]>
  outboxRows(spans: readonly Span[]): Promise<Placed<OutboxRow>[]>
  logRows(spans: readonly Span[]): Promise<Placed<LogRow>[]>
  logSlots(spans: readonly Span[]): Promise<Placed<Slot>[]>
  readSlots(spans: readonly Span[]): Promise<Placed<Slot>[]>
  /** Of these aggregates what the read model has, and which of them and of their ends are purged. */
  readVersions(aggregates: readonly string[], ends: readonly string[]): Promise<ReadRow[]>
  /** How many entities and relations the read model has of these users. */
  readCounts(users: readonly UserId[]): Promise<Map<UserId, number>>
  /** How many events have an open slot, by reason. */
  parked(store: 'log' | 'read_model'): Promise<Map<string, number>>
  /** When the oldest of these events was accepted, as far as the outbox has them (milliseconds since 1970). */
  oldest(places: readonly Position[]): Promise<number | null>
  /** Every entity and relation that the read model has of a user, page by page. */
  readAggregates(user: UserId): AsyncIterable<Omit<ReadRow, 'purged'>[]>
}
