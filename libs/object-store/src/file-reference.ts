import type { CallOptions, ObjectStore, PresignGetOptions } from './object-store.ts'

/** A stored file as others are told of it. */
export interface FileReference {
  key: string
  /** Short-lived, made for this answer and kept nowhere; null where the store cannot presign. */
  url: string | null
  /** Bytes. */
  size: number
  /** Media type. */
  type: string
  /** SHA-256, 64 hexadecimal characters; null for an object that was not put through the port. */
  checksum: string | null
  /** Milliseconds since 1970. */
  uploadedAt: number
}

/** What is known of a stored object, with a URL that lives for five minutes unless said otherwise. */
export async function describeFile(
  store: ObjectStore,
  key: string,
  { signal, ...presign }: PresignGetOptions & CallOptions = {},
): Promise<FileReference> {
  const info = await store.head(key, signal === undefined ? {} : { signal })
  const url = store.canPresign ? (await store.presignGet(key, presign)).url : null
  const { size, contentType: type, sha256: checksum, modifiedAt: uploadedAt } = info
  return { key, url, size, type, checksum, uploadedAt }
}
