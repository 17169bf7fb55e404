import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { isNotFound, objectError } from './errors.ts'
import { assertKey } from './keys.ts'
import type {
  CallOptions,
  GetOptions,
  ListedObject,
  ListOptions,
  ObjectBody,
  ObjectDownload,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from './object-store.ts'
import { type CheckedPut, checkedPut } from './put-input.ts'
import { readWhole } from './read-whole.ts'
import { createClient, type S3StoreConfig } from './s3-client.ts'
import { describeAgain } from './s3-copy.ts'
import { mapS3Error } from './s3-errors.ts'
import { infoOf, ourHash } from './s3-info.ts'
import { createPartBuffers, type PartsOptions, partBytesFor, putInParts } from './s3-parts.ts'
import { createPresigner } from './s3-presign.ts'
import { verified } from './verify.ts'

/** Larger bodies go up in parts, each with its own deadline. */
const wholeBytes = 8 * 1024 * 1024

type KnownPut = Extract<CheckedPut, { known: true }>
type Sum = { size: number; sha256: string }

/** An object store on S3, R2, VersityGW or anything that speaks the same. Connects on first use. */
export function createS3Store(config: S3StoreConfig): ObjectStore {
  const store = new S3Store(config)
  const presigner = createPresigner(store.client, config.bucket)
  return {
    put: (key, body, options) => store.put(key, body, options),
    get: (key, options) => store.get(key, options ?? {}),
    read: (key, options) => store.read(key, options),
    head: (key, options) => store.head(key, options ?? {}),
    exists: (key, options) => store.exists(key, options ?? {}),
    delete: (key, options) => store.delete(key, options ?? {}),
    list: (prefix, options) => store.list(prefix, options ?? {}),
    copy: (from, to, options) => store.copy(from, to, options ?? {}),
    dropUnfinished: (before, options) => store.dropUnfinished(before, options ?? {}),
    canPresign: true,
    links: null,
    ...presigner,
    check: (signal) => store.check(signal),
    close: () => Promise.resolve(store.client.destroy()),
  }
}

class S3Store {
  readonly client: S3Client
  readonly #bucket: string
  readonly #deadlineMs: number
  readonly #buffers = createPartBuffers()
  readonly #wholeCopyBytes: number | undefined

  constructor(config: S3StoreConfig) {
    this.#deadlineMs = config.deadlineMs ?? 15_000
    this.#bucket = config.bucket
    this.#wholeCopyBytes = config.wholeCopyBytes
    this.client = createClient(config, this.#deadlineMs)
  }

  async put(key: string, body: ObjectBody, options: PutOptions): Promise<ObjectInfo> {
    const given = checkedPut(key, body, options)
    const parts = !given.known || given.size > wholeBytes
    const done = await this.#call(
      key,
      parts ? { ...options, deadlineMs: Number.POSITIVE_INFINITY } : options,
      (signal) => {
        if (!given.known) return this.#putUnknown(key, given, options, signal)
        return given.size > wholeBytes
          ? this.#putParts(key, given, options, signal)
          : this.#putWhole(key, given, options, signal)
      },
    )
    return {
      key,
      ...done,
      // Of a whole made of parts no server knows the hash.
      sha256Verified: !parts,
      contentType: options.contentType,
      metadata: options.metadata ?? {},
      modifiedAt: Date.now(),
    }
  }

  /** The server checks the digest in the header and stores nothing when it is wrong. */
  async #putWhole(
    key: string,
    { size, sha256, body }: KnownPut,
    options: PutOptions,
    abortSignal: AbortSignal,
  ): Promise<Sum> {
    const broken = new AbortController()
    // The SDK pipes the body, and a pipe does not see that its source failed: without this it would wait.
    if (!(body instanceof Uint8Array)) body.once('error', (error) => broken.abort(error))
    try {
      await this.client.send(
        new PutObjectCommand({
          ...this.#description(key, sha256, options),
          Body: body,
          ContentLength: size,
          ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        }),
        { abortSignal: AbortSignal.any([abortSignal, broken.signal]) },
      )
      return { size, sha256 }
    } catch (error) {
      throw broken.signal.aborted ? broken.signal.reason : error
    }
  }

  /** No server checks the digest of a whole made of parts; the stream does, before its last bytes are sent. */
  async #putParts(
    key: string,
    { size, sha256, body }: KnownPut,
    options: PutOptions,
    abortSignal: AbortSignal,
  ): Promise<Sum> {
    await putInParts(body, this.#inParts(size, this.#description(key, sha256, options), abortSignal))
    return { size, sha256 }
  }

  /** The hash is known at the end only: the description follows. */
  async #putUnknown(
    key: string,
    { body }: Extract<CheckedPut, { known: false }>,
    options: PutOptions,
    abortSignal: AbortSignal,
  ): Promise<Sum> {
    const description = this.#description(key, undefined, options)
    await putInParts(body.stream, this.#inParts(options.atMost ?? 0, description, abortSignal))
    const sum = body.result()
    await describeAgain({
      client: this.client,
      description: this.#description(key, sum.sha256, options),
      size: sum.size,
      abortSignal,
      wholeBytes: this.#wholeCopyBytes,
    })
    return sum
  }

  #inParts(bytes: number, description: PutObjectCommandInput, abortSignal: AbortSignal): PartsOptions {
    const { client } = this
    return { client, description, buffers: this.#buffers, partBytes: partBytesFor(bytes), abortSignal }
  }

  async get(key: string, { range, signal }: GetOptions): Promise<ObjectDownload> {
    assertKey(key)
    if (range !== undefined && (range.start < 0 || (range.end ?? range.start) < range.start)) {
      throw objectError('bad_range', { key })
    }
    const Range = range === undefined ? undefined : `bytes=${range.start}-${range.end ?? ''}`
    const answer = await this.#call(key, signal === undefined ? {} : { signal }, (abortSignal) =>
      this.client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...(Range && { Range }) }), {
        abortSignal,
      }),
    )
    const length = answer.ContentLength ?? 0
    const total = Number(answer.ContentRange?.split('/')[1] ?? length)
    const info = infoOf(key, { ...answer, ContentLength: total })
    const bytes = answer.Body as Readable
    const stream =
      range === undefined && info.sha256 !== null
        ? verified(bytes, key, { size: info.size, sha256: info.sha256 }, (error) =>
            mapS3Error(error, key, signal),
          )
        : bytes
    return { info, length, stream }
  }

  read(key: string, options: CallOptions & { maxBytes: number }): ReturnType<ObjectStore['read']> {
    return this.#call(key, options, (signal) =>
      readWhole({ get: (key, options) => this.get(key, options ?? {}) }, key, {
        maxBytes: options.maxBytes,
        signal,
      }),
    )
  }

  async head(key: string, options: CallOptions): Promise<ObjectInfo> {
    assertKey(key)
    const answer = await this.#call(key, options, (abortSignal) =>
      this.client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key, ChecksumMode: 'ENABLED' }), {
        abortSignal,
      }),
    )
    return infoOf(key, answer)
  }

  async exists(key: string, options: CallOptions): Promise<boolean> {
    try {
      await this.head(key, options)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  async delete(key: string, options: CallOptions): Promise<void> {
    assertKey(key)
    try {
      await this.#call(key, options, (abortSignal) =>
        this.client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal }),
      )
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  async *list(prefix: string, { after, ...options }: ListOptions): AsyncGenerator<ListedObject> {
    let token: string | undefined
    do {
      const page = await this.#call(prefix, options, (abortSignal) =>
        this.client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: prefix,
            ...(after !== undefined && { StartAfter: after }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          { abortSignal },
        ),
      )
      for (const item of page.Contents ?? []) {
        yield { key: item.Key ?? '', size: item.Size ?? 0, modifiedAt: item.LastModified?.getTime() ?? 0 }
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async copy(from: string, to: string, options: CallOptions): Promise<void> {
    assertKey(from)
    assertKey(to)
    await this.#call(from, options, (abortSignal) =>
      this.client.send(
        new CopyObjectCommand({ Bucket: this.#bucket, Key: to, CopySource: `${this.#bucket}/${from}` }),
        {
          abortSignal,
        },
      ),
    )
  }

  async dropUnfinished(before: number, options: CallOptions): Promise<number> {
    let dropped = 0
    let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
    for (;;) {
      const page = await this.#call('', options, (abortSignal) =>
        this.client.send(new ListMultipartUploadsCommand({ Bucket: this.#bucket, ...marker }), {
          abortSignal,
        }),
      )
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if ((Initiated?.getTime() ?? before) >= before) continue
        const abort = new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })
        await this.#call('', options, (abortSignal) => this.client.send(abort, { abortSignal }))
        dropped += 1
      }
      if (page.IsTruncated !== true) return dropped
      marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    try {
      await this.#call('', { signal }, (abortSignal) =>
        this.client.send(new HeadBucketCommand({ Bucket: this.#bucket }), { abortSignal }),
      )
    } catch (error) {
      // The answer to HEAD has no body that could say that it is the bucket that is missing.
      throw isNotFound(error) ? objectError('denied', { reason: 'NoSuchBucket' }, error) : error
    }
  }

  /** One call with a deadline over all its attempts, and its errors as ours. */
  async #call<T>(
    key: string,
    options: { signal?: AbortSignal; deadlineMs?: number },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const deadline = new AbortController()
    const ms = options.deadlineMs ?? this.#deadlineMs
    const clock = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => deadline.abort(), ms)
    const signals = options.signal === undefined ? [deadline.signal] : [deadline.signal, options.signal]
    try {
      return await work(AbortSignal.any(signals))
    } catch (error) {
      throw mapS3Error(error, key, options.signal)
    } finally {
      // What streams on after this has the caller's signal and the socket's timeout.
      clearTimeout(clock)
    }
  }

  #description(key: string, sha256: string | undefined, { contentType, metadata }: PutOptions) {
    return {
      Bucket: this.#bucket,
      Key: key,
      ContentType: contentType,
      Metadata: { ...metadata, ...(sha256 === undefined ? {} : { [ourHash]: sha256 }) },
    }
  }
}
