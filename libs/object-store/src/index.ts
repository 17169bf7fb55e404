export { isNotFound, objectError } from './errors.ts'
export { contentDisposition, displayName } from './file-names.ts'
export { createFolderStore } from './folder-store.ts'
export {
  assertKey,
  attachmentKey,
  contentKey,
  derivedTextKey,
  exportKey,
  safeName,
  userPrefix,
} from './keys.ts'
export type {
  CallOptions,
  GetOptions,
  ListedObject,
  ListOptions,
  ObjectBody,
  ObjectDownload,
  ObjectInfo,
  ObjectStore,
  PresignedRequest,
  PresignGetOptions,
  PresignPutOptions,
  PutOptions,
} from './object-store.ts'
export type { S3StoreConfig } from './s3-client.ts'
export { createS3Store } from './s3-store.ts'
