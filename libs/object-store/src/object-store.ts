import type { Readable } from 'node:stream'

/** What is known of a stored object. */
export interface ObjectInfo {
  key: string
  /** Bytes. */
  size: number
  contentType: string
  /** Of the content, 64 hex characters; null for an object that was not put through this port. */
  sha256: string | null
  /** The store computed this hash itself when it took the bytes in; otherwise the hash is what the sender said. */
  sha256Verified: boolean
  /** Names in lower case. */
  metadata: Record<string, string>
  /** Milliseconds since 1970. */
  modifiedAt: number
}

/**
 * Bytes in memory, or a stream: one whose length and hash were found out before (keys of content hold part of the hash)
 * and are checked on the way, or one of unknown length, whose hash is computed on the way.
 */
export type ObjectBody = Uint8Array | KnownStream | { stream: Readable }

export interface KnownStream {
  stream: Readable
  size: number
  sha256: string
}

export interface PutOptions {
  contentType: string
  /** Checked against the bytes before anything is stored; for bytes in memory it may be left out. */
  sha256?: string
  /** Names of lower-case letters, digits and dashes; values of printable ASCII. */
  metadata?: Record<string, string>
  /**
   * Of a stream of unknown length, the bytes that it may come to. S3 takes 10,000 parts, so more than 48 GiB need longer ones,
   * and their length is settled before the first; two of them are held in memory.
   */
  atMost?: number
  signal?: AbortSignal
}

export interface CallOptions {
  signal?: AbortSignal
}

export interface GetOptions extends CallOptions {
  /** Both ends included, as in HTTP; `end` beyond the object is cut to it. A range is not checked against the hash. */
  range?: { start: number; end?: number }
}

export interface ObjectDownload {
  info: ObjectInfo
  /** How many bytes the stream gives: the object's, or the range's. */
  length: number
  /**
   * Without a range: fails with `object.checksum_mismatch` before its last bytes when the content is damaged, so a
   * reader never gets all of a damaged object.
   */
  stream: Readable
}

export interface ListOptions extends CallOptions {
  /** Only keys after this one. */
  after?: string
}

export interface ListedObject {
  key: string
  size: number
  modifiedAt: number
}

export interface PresignGetOptions {
  /** Seconds; 300 by default, 3,600 at most. */
  expiresIn?: number
  /** Makes the browser save it under this name. */
  downloadName?: string
  /** The media type it is answered with, in place of the one it was put with. */
  contentType?: string
}

export interface PresignPutOptions {
  /** Seconds; 300 by default, 3,600 at most. */
  expiresIn?: number
  contentType: string
  /** Signed, so that no more and no less can be sent. */
  size: number
  sha256: string
}

/** A request that somebody without a credential may send once or more until it expires, exactly so. */
export interface PresignedRequest {
  url: string
  headers: Record<string, string>
}

/** A request that somebody sent to a presigned URL. */
export interface SignedRequest {
  method: string
  key: string
  query: URLSearchParams
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
}

export type OpenedLink =
  | { outcome: 'get'; key: string; contentType: string | null; disposition: string }
  | { outcome: 'put'; key: string; contentType: string; size: number; sha256: string }
  | { outcome: 'refused'; why: 'expired' | 'not_signed' }

/** Tells what a presigned request allows, where it is the app that answers it. See `answerLink`. */
export interface SelfServedLinks {
  open(request: SignedRequest): OpenedLink
}

/**
 * Where content lives. Keys are what the key builders make: path segments of letters, digits, dot, dash and underscore.
 * Putting replaces; reading after a put sees it.
 *
 * Errors are `SynapError`s: `object.not_found` and `object.checksum_mismatch` (class data; the second is an alarm),
 * `object.bad_range` (data), `object.unavailable` (dependency), `object.denied` (configuration: credentials, bucket),
 * `object.bad_key` (bug). An aborted signal rejects with its reason.
 */
export interface ObjectStore {
  put(key: string, body: ObjectBody, options: PutOptions): Promise<ObjectInfo>
  get(key: string, options?: GetOptions): Promise<ObjectDownload>
  /** The whole content in memory, checked; `object.too_large` (data) beyond `maxBytes`. */
  read(key: string, options: CallOptions & { maxBytes: number }): Promise<{ info: ObjectInfo; bytes: Buffer }>
  head(key: string, options?: CallOptions): Promise<ObjectInfo>
  exists(key: string, options?: CallOptions): Promise<boolean>
  /** Also resolves when there was nothing. */
  delete(key: string, options?: CallOptions): Promise<void>
  /** Keys that begin with `prefix`, ascending. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject>
  copy(from: string, to: string, options?: CallOptions): Promise<void>
  /**
   * Frees what puts left behind that began before `before` (milliseconds since 1970) and never ended: parts that became no
   * object, files that nothing names. Answers how many.
   */
  dropUnfinished(before: number, options?: CallOptions): Promise<number>
  /** Whether the two below work: a folder has no server of its own that could answer them. */
  readonly canPresign: boolean
  /** Set when such requests come to the app itself; null when the store has a server. */
  readonly links: SelfServedLinks | null
  presignGet(key: string, options?: PresignGetOptions): Promise<PresignedRequest>
  presignPut(key: string, options: PresignPutOptions): Promise<PresignedRequest>
  /** Resolves when the store answers and may be used; for readiness. */
  check(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
