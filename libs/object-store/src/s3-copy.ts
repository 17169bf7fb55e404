import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { partBytesFor } from './s3-parts.ts'

/** What is copied in one request. S3 allows 5 GiB; a request of this length ends before its timeout. */
const wholeCopyBytes = 256 * 1024 * 1024
const atOnce = 4
const cleanUpMs = 5_000

export interface CopyOptions {
  client: S3Client
  /** Bucket, key, and what is said about the object from now on. */
  description: PutObjectCommandInput
  /** Of the object. */
  size: number
  abortSignal: AbortSignal
  /** What is copied in one request; 256 MiB when it is left open. */
  wholeBytes: number | undefined
}

/**
 * Gives an object another description, in the store itself: by a copy onto itself, of a large one by copies of its parts,
 * because S3 copies no more than 5 GiB at once. On any failure the object stays as it was.
 */
export async function describeAgain(options: CopyOptions): Promise<void> {
  const { client, description, size, abortSignal, wholeBytes = wholeCopyBytes } = options
  const { Bucket, Key } = description
  const CopySource = `${Bucket}/${Key}`
  if (size <= wholeBytes) {
    const copy = new CopyObjectCommand({ ...description, CopySource, MetadataDirective: 'REPLACE' })
    await client.send(copy, { abortSignal })
    return
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(description), { abortSignal })
  const upload = { Bucket, Key, UploadId }
  const broken = new AbortController()
  const signal = AbortSignal.any([abortSignal, broken.signal])
  const partBytes = Math.max(wholeBytes, partBytesFor(size))
  const parts = Array.from({ length: Math.ceil(size / partBytes) }, (): CompletedPart => ({}))
  let next = 0
  const copyParts = async () => {
    while (next < parts.length) {
      const index = next
      next += 1
      const first = index * partBytes
      const last = Math.min(first + partBytes, size) - 1
      const range = { CopySource, CopySourceRange: `bytes=${first}-${last}`, PartNumber: index + 1 }
      const answer = await client.send(new UploadPartCopyCommand({ ...upload, ...range }), {
        abortSignal: signal,
      })
      parts[index] = { ETag: answer.CopyPartResult?.ETag, PartNumber: index + 1 }
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, copyParts))
    const MultipartUpload = { Parts: parts }
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }), { abortSignal })
  } catch (error) {
    broken.abort(error)
    const abort = new AbortMultipartUploadCommand(upload)
    await client.send(abort, { abortSignal: AbortSignal.timeout(cleanUpMs) }).catch(() => undefined)
    throw error
  }
}
