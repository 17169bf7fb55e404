import type {
  AgreementLine,
  AnalysisRequest,
  AnalysisResponse,
  BatchResponse,
  CaptureFileRequest,
  CaptureRequest,
  CaptureResponse,
  CreateKeyRequest,
  CreateKeyResponse,
  EntityList,
  EntityView,
  HeadsResponse,
  InternalEvent,
  IntrospectResponse,
  KeyView,
  Ledger,
  ListOrder,
  OutboxStatus,
  RebuildLine,
  RebuildRequest,
  ReconcileStatus,
  RelationType,
  RepublishRequest,
  RepublishResponse,
  RetryResponse,
  SearchMode,
  SearchResponse,
  StatusResponse,
} from '@synap/contracts'
import type { EntityId, UserId } from '@synap/core'
import type { BrowseClient } from './browse-types.ts'
import type { ChangesClient } from './change-types.ts'
import type { EnrichmentClient } from './enrichment-types.ts'
import type { EnrichmentsClient } from './enrichments-client.ts'
import type { EventsClient } from './event-types.ts'
import type { ExportsClient } from './exports-client.ts'
import type { FilesClient } from './file-types.ts'
import type { ParkedClient } from './parked-types.ts'
import type { CallOptions, TransportOptions } from './transport.ts'

export interface ClientOptions extends TransportOptions {
  /** Origin of ingest, such as `http://127.0.0.1:3000`. */
  ingestUrl: string
  /** Origin of query; the same as ingest where both live on one port. */
  queryUrl: string
  /**
   * Every read waits for what this client has written for the same user, where it names no `minSequence` and asks for no
   * state of the past. Up to the server's wait (2 seconds unless `waitMs` says otherwise); then it rejects with 503, or
   * answers under `staleAllowed`.
   */
  readYourWrites?: boolean
}

export interface ReadOptions extends CallOptions {
  /** Read your writes: the answer holds at least the user's events up to this sequence. */
  minSequence?: number
  /** Milliseconds to wait for it. */
  waitMs?: number
  /** After the wait answer all the same, with the sequence that it is true for. */
  staleAllowed?: boolean
}

export interface WriteOptions extends CallOptions {
  /** The same key and body have one effect; without it a write is never sent twice. */
  idempotencyKey?: string
}

/** What captures and new content take. */
export interface TimeZoneOptions {
  /** IANA name: dates in the text are meant there, in place of the user's own time zone. */
  timeZone?: string
}

/** Where the bytes of a file come from. */
export type FileSource =
  /** A file of this machine; it can be sent again. */
  | { path: string }
  /** Bytes that come by once: sent once, also under an `Idempotency-Key`. */
  | { stream: AsyncIterable<Uint8Array> }

export interface CaptureFileOptions extends WriteOptions, TimeZoneOptions {
  /** Told to the server: it becomes the title unless there is one. */
  name?: string
  /** Milliseconds for all of it; 1,800,000 by default. */
  deadlineMs?: number
  /** Bytes of the file that were handed to the network so far; from 0 again when it is sent again. */
  onProgress?(bytes: number): void
}

export interface FilterOptions {
  /** Items of this type, or of one of these. */
  type?: string | readonly string[]
  /** Items with all of these; one name, or several. */
  tag?: string | readonly string[]
  /** Items with one of these. */
  anyTag?: readonly string[]
  /** Tasks in this status, or in one of these. */
  status?: string | readonly string[]
  dueBefore?: string
  dueAfter?: string
  createdBefore?: string
  createdAfter?: string
  updatedBefore?: string
  updatedAfter?: string
  limit?: number
}

export interface ListOptions extends ReadOptions, PastOptions, FilterOptions {
  /** Words that the item has. */
  q?: string
  /** Items that are related to this one; `relation` says how. */
  relatedTo?: EntityId
  relation?: RelationType
  /** `-created`, the newest first, by default. */
  sort?: ListOrder
  cursor?: string
}

export interface SearchOptions extends ReadOptions, FilterOptions {
  q: string
  mode?: SearchMode
  /** With the text of the passage of each hit that is nearest in meaning. */
  passages?: true
}

/** A state of the past: of an instant (`2026-11-21T08:00:00Z`), or right after the user's event with this sequence. */
export interface PastOptions {
  asOf?: string | number
}

/** An answer of query, with the sequence of the user that it is true for. */
export interface Read<T> {
  value: T
  sequence: number
}

/** The API of ingest. Every method rejects with `ApiError` (see there for its class) or `SynapError`. */
export interface IngestClient {
  capture(request: CaptureRequest, options?: WriteOptions & TimeZoneOptions): Promise<CaptureResponse>
  /**
   * Captures a file, streamed. Its kind is told from its bytes by the server. What reading it fails with comes out as it
   * is.
   */
  captureFile(
    source: FileSource,
    entity: CaptureFileRequest,
    options?: CaptureFileOptions,
  ): Promise<CaptureResponse>
  /**
   * Captures up to 1,000 items, in 16 MiB, all of them or none; told in the order in which they were given. Sent again until
   * it is answered, under a key of its own where none is given.
   */
  captureBatch(
    items: readonly CaptureRequest[],
    options?: WriteOptions & TimeZoneOptions,
  ): Promise<BatchResponse>
  /** For enrichers: `actFor` says whose entity it is. Repeatable: the same analysis twice is a duplicate. */
  recordAnalysis(id: EntityId, request: AnalysisRequest, options?: CallOptions): Promise<AnalysisResponse>
  /** For services: the user's events `from`..`to`, both included, at most 500. */
  internalEvents(userId: UserId, from: number, to: number, options?: CallOptions): Promise<InternalEvent[]>
  /** For services: the newest sequence of each user, page by page; pass `next` as `after`. */
  heads(
    olderThanMs: number,
    page?: { after?: UserId; limit?: number },
    options?: CallOptions,
  ): Promise<HeadsResponse>
  /** For services: whose key this is. */
  introspect(key: string, options?: CallOptions): Promise<IntrospectResponse>
  /** What each store holds of the user. Standalone alone has this: elsewhere it rejects with status 404. */
  ledger(options?: CallOptions & { topic?: boolean }): Promise<Ledger>
}

/** API keys of the user of the client's key; rejects like `IngestClient`. All but `currentKey` need the scope `admin`. */
export interface KeysClient {
  /** The key is in the answer and never told again. Never sent twice: an answer that is lost leaves a key to revoke. */
  createKey(request: CreateKeyRequest, options?: CallOptions): Promise<CreateKeyResponse>
  /** Newest first, the revoked ones too. */
  listKeys(options?: CallOptions): Promise<KeyView[]>
  /** The key that this client sends. */
  currentKey(options?: CallOptions): Promise<KeyView>
  /** Holds everywhere within half a minute. */
  revokeKey(id: string, options?: CallOptions): Promise<void>
}

/** For whoever runs Synap: needs the scope `operate`; rejects like `IngestClient`. */
export interface OperateClient {
  outbox(options?: CallOptions): Promise<OutboxStatus>
  /** Some hundred events at a time: pass `next` as `cursor` until it is null. */
  republish(request: RepublishRequest, options?: CallOptions): Promise<RepublishResponse>
  /** Lets events that were held back flow again; everybody's unless a user is given. */
  retryHeldBack(user: UserId | undefined, options?: CallOptions): Promise<RetryResponse>
  /** Begins a reconciliation where one is needed, or `force`; status 409 while one is under way. */
  beginReconcile(options?: CallOptions & { force?: boolean }): Promise<ReconcileStatus>
  /** The reconciliation under way, or the last one. */
  reconcileStatus(options?: CallOptions): Promise<ReconcileStatus>
  /**
   * Compares what all stores have, of all users or of one: how far it is, what it finds, and last what it came to.
   * Standalone alone has this: elsewhere the first step rejects with status 404. Never tried again; it rejects with
   * status 0 when the connection breaks before the end.
   */
  compareStores(options?: CompareOptions): AsyncGenerator<AgreementLine, void>
  /**
   * Makes the read model anew, or does what else the request says, and tells it as it goes; what went wrong inside is
   * the last line. Standalone alone has this. Leaving the loop breaks it off; the next call goes on with it.
   */
  rebuild(request: RebuildRequest, options?: CallOptions): AsyncGenerator<RebuildLine, void>
}

export interface CompareOptions extends CallOptions {
  user?: UserId
  /** False leaves the topic out, which takes longest. */
  topic?: boolean
  /** Findings told of each kind and store; all are counted. */
  limit?: number
}

/** The API of query; rejects like `IngestClient`. */
export interface QueryClient {
  getEntity(id: EntityId, options?: ReadOptions & PastOptions): Promise<Read<EntityView>>
  list(options?: ListOptions): Promise<Read<EntityList>>
  /** The content's bytes; `range` in bytes, end included. */
  content(
    id: EntityId,
    options?: ReadOptions & PastOptions & { range?: { start: number; end?: number } },
  ): Promise<Read<{ bytes: Buffer; contentType: string }>>
  /** An attachment as it arrives; the key is one that `attachments` of the item tells. */
  attachmentStream(
    id: EntityId,
    key: string,
    options?: ReadOptions & PastOptions,
  ): Promise<Read<{ stream: AsyncIterable<Uint8Array>; contentType: string }>>
  /** The content as it arrives, for what may be large. Iterating fails when it breaks off. */
  contentStream(
    id: EntityId,
    options?: ReadOptions & PastOptions,
  ): Promise<Read<{ stream: AsyncIterable<Uint8Array>; contentType: string }>>
  status(id: EntityId, options?: CallOptions): Promise<StatusResponse>
  search(options: SearchOptions): Promise<Read<SearchResponse>>
}

/** Both HTTP APIs, typed. */
export type SynapClient = IngestClient &
  ChangesClient &
  FilesClient &
  KeysClient &
  OperateClient &
  QueryClient &
  BrowseClient &
  EventsClient &
  ParkedClient &
  EnrichmentClient &
  EnrichmentsClient &
  ExportsClient
