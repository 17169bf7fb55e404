import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { objectError } from './errors.ts'

/** The least that S3 takes: 10,000 parts of it are 48 GiB. */
export const leastPartBytes = 5 * 1024 * 1024
const mostParts = 10_000
const mebibyte = 1024 * 1024
const keptBuffers = 4
const cleanUpMs = 5_000

/** Where parts lie while they are sent. Kept for the next upload: a dead one would count as memory until V8 looks for it. */
export interface PartBuffers {
  take(bytes: number): Buffer
  giveBack(...buffers: Buffer[]): void
}

export function createPartBuffers(): PartBuffers {
  const spare: Buffer[] = []
  return {
    take: (bytes) => (bytes === leastPartBytes ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes),
    giveBack(...buffers) {
      const usual = buffers.filter(({ length }) => length === leastPartBytes)
      spare.push(...usual.slice(0, keptBuffers - spare.length))
    },
  }
}

/** How long the parts of a body of `bytes` are. All are of one length, which R2 asks for, so that it cannot grow on the way. */
export function partBytesFor(bytes: number): number {
  return Math.max(leastPartBytes, Math.ceil(bytes / mostParts / mebibyte) * mebibyte)
}

export interface PartsOptions {
  client: S3Client
  /** Bucket, key, and what is said about the object. */
  description: PutObjectCommandInput
  buffers: PartBuffers
  /** Of a part. */
  partBytes: number
  abortSignal: AbortSignal
}

/**
 * Stores a body in up to 10,000 parts, one on its way while the next is read: two buffers are all the memory it takes,
 * however long the body is. A short one goes as a whole. On any failure no object is left, nor its parts.
 *
 * In place of `@aws-sdk/lib-storage` (3.1169): that one makes each part anew, twice, and holds several.
 */
export async function putInParts(body: Uint8Array | Readable, options: PartsOptions): Promise<void> {
  const { buffers, partBytes, abortSignal } = options
  const source = body instanceof Readable ? body : Readable.from([body], { objectMode: false })
  const stop = () => void source.destroy(abortSignal.reason as Error)
  abortSignal.addEventListener('abort', stop, { once: true })
  // Whoever waits for the next bytes hears of a failure; one that comes later is of no interest.
  source.on('error', () => undefined)
  try {
    abortSignal.throwIfAborted()
    const pair: [Buffer, Buffer] = [buffers.take(partBytes), buffers.take(partBytes)]
    await putFrom(createReader(source), pair, options)
    // After a failure a request may still hold them.
    buffers.giveBack(...pair)
  } finally {
    abortSignal.removeEventListener('abort', stop)
    source.destroy()
  }
}

async function putFrom(
  fill: (into: Buffer) => Promise<number>,
  pair: [Buffer, Buffer],
  { client, description, abortSignal }: PartsOptions,
): Promise<void> {
  let [sent, read] = pair
  let length = await fill(sent)
  if (length < sent.length) {
    await client.send(new PutObjectCommand({ ...description, Body: sent.subarray(0, length) }), {
      abortSignal,
    })
    return
  }
  const { Bucket, Key } = description
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(description), { abortSignal })
  const upload = { Bucket, Key, UploadId }
  const broken = new AbortController()
  const signal = AbortSignal.any([abortSignal, broken.signal])
  const parts: CompletedPart[] = []
  let sending: Promise<CompletedPart> | undefined
  try {
    while (length > 0) {
      if (parts.length === mostParts) throw objectError('too_large', { key: Key ?? '' })
      sending = sendPart(
        client,
        { ...upload, PartNumber: parts.length + 1 },
        sent.subarray(0, length),
        signal,
      )
      sending.catch(() => undefined)
      const next = length < sent.length ? 0 : await fill(read)
      parts.push(await sending)
      ;[sent, read] = [read, sent]
      length = next
    }
    const MultipartUpload = { Parts: parts }
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }), { abortSignal })
  } catch (error) {
    broken.abort(error)
    await sending?.catch(() => undefined)
    const abort = new AbortMultipartUploadCommand(upload)
    await client.send(abort, { abortSignal: AbortSignal.timeout(cleanUpMs) }).catch(() => undefined)
    throw error
  }
}

async function sendPart(
  client: S3Client,
  part: {
    Bucket: string | undefined
    Key: string | undefined
    UploadId: string | undefined
    PartNumber: number
  },
  Body: Uint8Array,
  abortSignal: AbortSignal,
): Promise<CompletedPart> {
  const { ETag } = await client.send(new UploadPartCommand({ ...part, Body }), { abortSignal })
  return { ETag, PartNumber: part.PartNumber }
}

/** Fills a buffer from a stream; how much it holds then: less than all of it only at the end. */
function createReader(source: AsyncIterable<Uint8Array>): (into: Buffer) => Promise<number> {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()
  return async (into) => {
    let length = 0
    while (length < into.length) {
      if (rest.length === 0) {
        const next = await chunks.next()
        if (next.done === true) break
        rest = next.value
      }
      const taken = rest.subarray(0, into.length - length)
      into.set(taken, length)
      length += taken.length
      rest = rest.subarray(taken.length)
    }
    return length
  }
}
