import type { ParkReason } from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { Batch, BatchContext, InboundMessage, Logger, StartPoint } from '@synap/messaging'
import type { Client, Pool } from '@synap/postgres'
import type { Upkeep } from './upkeep.ts'

/** Where an event stands, read from the headers of its record: enough to order and to park it without decoding it. */
export interface Placement {
  id: string
  type: string
  userId: UserId
  aggregateId: string
  /** `null` for a type of event that this build does not know. */
  aggregateType: string | null
  /** 1..n in its aggregate. */
  version: number
  /** 1..n among all events of its user. */
  sequence: number
}

/** The Avro schema that an event was written with. */
export interface WriterSchema {
  /** Number in the registry. */
  id: number
  /** Lower-case hex SHA-256 of the text: 64 characters. */
  fingerprint: string
  text: string
}

/** An event in its place, ready to be applied. */
export interface PlacedEvent<E> extends Placement {
  /** What `decode` made of the payload. */
  event: E
  schema: WriterSchema
  /** Context of this message's `process` span, or of its sender when nothing is recorded here: for jobs and HTTP calls. */
  traceparent: string | null
  tracestate: string | null
  /** The context its sender put into the headers, where it is well-formed. */
  sender: { traceparent: string | null; tracestate: string | null }
  headers: Readonly<Record<string, string>>
  /** Where the record stands; null when it was fetched from ingest. */
  record: { topic: string; partition: number; offset: bigint } | null
}

export type { ParkReason }

export interface Refusal {
  reason: 'headers_unusable' | 'inconsistent' | 'undecodable'
  /** For operators; never content. */
  detail: string
}

/**
 * What a decoder answers. `event` is null when this build cannot read the type (or a word in it) and the decoder gives
 * only what it can read. It rejects with class `configuration` or `dependency` when the record is not to blame.
 */
export type Decoded<E> =
  | { ok: true; known: true; event: E; schema: WriterSchema; envelope: Envelope }
  | { ok: true; known: false; event: E | null; schema: WriterSchema; envelope: Envelope }
  | ({ ok: false } & Refusal)

/** What the payload itself says about its place; must agree with key and headers. */
export type Envelope = Omit<Placement, 'aggregateType'>

export type Decode<E> = (
  value: Buffer | null,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
) => Promise<Decoded<E>>

/** Ingest's answer about one sequence of a user. */
export type FetchedEvent =
  | { sequence: number; status: 'absent' }
  | {
      sequence: number
      status: 'present'
      key: string
      value: Buffer
      headers: Readonly<Record<string, string>>
    }

/** The highest sequence that ingest has given to a user. */
export interface Head {
  userId: UserId
  sequence: number
}

export interface InboxOptions<E> {
  /** Schema that holds the tables of `inbox.sql`, such as `log`. */
  schema: string
  /** Database role that owns it, such as `synap_events_writer`. */
  role: string
  /** Name in metrics and log lines, such as `events-writer`. */
  consumer: string
  pool: Pool
  logger: Logger
  /** The record at an offset of the events topic (`ConsumerDriver.readAt`): proves that the topic is still the same. */
  readAt: (
    topic: string,
    partition: number,
    offset: bigint,
    signal?: AbortSignal,
  ) => Promise<InboundMessage | undefined>
  /** `createWriterDecoder` or `createReaderDecoder`. */
  decode: Decode<E>
  /**
   * Events `from`..`to` of a user from ingest, ascending and without holes; a shorter prefix is fine, an empty answer is
   * not. Rejects with class `dependency` when ingest cannot be reached.
   */
  fetchEvents(
    userId: UserId,
    from: number,
    to: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly FetchedEvent[]>
  /** Heads older than `olderThanMs`, page by page; `cursor` is null at first. */
  fetchHeads: (
    olderThanMs: number,
    cursor: UserId | null,
    signal: AbortSignal | undefined,
  ) => Promise<{ items: readonly Head[]; next: UserId | null }>
  /**
   * Writes the effect of the events, in this order, in the transaction that also moves the positions. Per user the order
   * is that of the sequence, without holes but for skipped and parked ones. Rejecting with class `data` makes the inbox
   * try them one by one and park the one that is refused, so it must leave nothing outside the transaction. What it writes
   * last it may leave to `awaitAtCommit`. Never empty.
   */
  apply(client: Client, events: readonly PlacedEvent<E>[]): Promise<void>
  /**
   * Reads what `apply` would read, for events of which any, or none, will be applied; answers how. Asked in the message that
   * locks the users, so that it costs no round trip; what it answers is used when it was asked under all of the locks.
   */
  prepare?(
    client: Client,
    events: readonly PlacedEvent<E>[],
  ): Promise<(events: readonly PlacedEvent<E>[]) => Promise<void>>
  /**
   * How events are applied without a look at what there is: undefined where one is needed. It asks everything before it waits for
   * anything, by `awaitAtCommit`, and has the transaction fail with class `data` when the store is not as presumed: then nothing of
   * it is kept, and the events are applied by `prepare` and `apply`.
   */
  presume?(events: readonly PlacedEvent<E>[]): ((client: Client) => Promise<void>) | undefined
  /** After the commit of what `apply` wrote. For in-process signals and crash points; must not reject. */
  onApplied?(events: readonly PlacedEvent<E>[]): void | Promise<void>
  /** A type this build does not know: applied all the same, parked as `needs_newer_code`, or skipped. */
  unknownTypes: 'apply' | 'park' | 'skip'
  /**
   * False for a store that does not care for the order inside an aggregate (the log): then only the event itself is
   * parked and later ones of its aggregate are applied.
   */
  holdAggregates: boolean
  /**
   * Versions that the store has of these aggregates; asked only while an event of their user is missing. No entry
   * means 0, null means "do not check". Without this function no gap of versions holds an aggregate.
   */
  versionsOf?(client: Client, aggregates: readonly Placement[]): Promise<ReadonlyMap<string, number | null>>
  /**
   * Of these events at or below `seen`, the id that the store holds at their (user, sequence), keyed `user/sequence`:
   * another id is a fork. Only the log can answer.
   */
  storedIds?(client: Client, events: readonly Placement[]): Promise<ReadonlyMap<string, string>>
  /** Plans once what `prepare` and `apply` ask for a few events; see `TransactionOptions.genericPlans`. */
  genericPlans?: boolean
  /** Channel for one NOTIFY per batch, such as `log_positions`; it says whose positions moved (`writeMovedPositions`). */
  channel?: string
  /** Halt when this share of the records of a minute is refused (see `haltPolicy`); 1 switches it off. */
  haltShare?: number
  /** Sequences fetched and applied at once when a gap is repaired. Default 500. */
  repairPage?: number
}

export interface Inbox {
  /** For `ConsumerOptions.resumeAt`. */
  resumeAt: (topic: string, partition: number, at: StartPoint) => Promise<bigint>
  /** For `ConsumerOptions.handle`. */
  handle: (batch: Batch, context: BatchContext) => Promise<void>
  /**
   * Compares `seen` with the heads of ingest, fetches what is lacking (so that a lost last event is found too), and asks
   * again for open slots that ingest could fill. Answers how many users were repaired.
   */
  checkHeads: (signal?: AbortSignal) => Promise<number>
  /**
   * Tries rows that are marked `retry`, per user in version order, those without bytes by asking ingest once more;
   * answers how many were applied.
   */
  retryParked: (signal?: AbortSignal) => Promise<number>
  /** Tells the metrics how much is parked. */
  measureParked: () => Promise<void>
  /**
   * Until stopped: `retryParked` soon after something is marked; every minute that, `checkHeads` and `measureParked`.
   * Failures are logged and tried again.
   */
  startUpkeep: () => Upkeep
}
