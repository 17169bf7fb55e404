import type { ObjectInfo } from './object-store.ts'

/** The member of an object's metadata with the hash its sender said. */
export const ourHash = 'sha256'

/** What an answer about an object says of it. */
export function infoOf(
  key: string,
  answer: {
    ContentLength?: number | undefined
    ContentType?: string | undefined
    LastModified?: Date | undefined
    Metadata?: Record<string, string> | undefined
    ChecksumSHA256?: string | undefined
    ChecksumType?: string | undefined
  },
): ObjectInfo {
  const { [ourHash]: said, ...metadata } = answer.Metadata ?? {}
  const computed = answer.ChecksumType === 'COMPOSITE' ? undefined : wholeDigest(answer.ChecksumSHA256)
  return {
    key,
    size: answer.ContentLength ?? 0,
    contentType: answer.ContentType ?? 'application/octet-stream',
    sha256: computed ?? said ?? null,
    sha256Verified: computed !== undefined,
    metadata,
    modifiedAt: answer.LastModified?.getTime() ?? 0,
  }
}

/** What the store computed over the whole; of an object made of parts it knows a digest of digests (`…-3`) only. */
function wholeDigest(checksum: string | undefined): string | undefined {
  return checksum !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(checksum)
    ? Buffer.from(checksum, 'base64').toString('hex')
    : undefined
}
