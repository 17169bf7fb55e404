export { answerLink, type LinkAnswer, type LinkRequest } from './answer-link.ts'
export { isNotFound, objectError } from './errors.ts'
export { contentDisposition, displayName } from './file-names.ts'
export { describeFile, type FileReference } from './file-reference.ts'
export { type LinkSigning, linkPath } from './folder-links.ts'
export { createFolderStore } from './folder-store.ts'
export {
  assertKey,
  attachmentKey,
  contentKey,
  derivedTextKey,
  exportKey,
  type KeyOwner,
  ownerOfKey,
  safeName,
  userPrefix,
} from './keys.ts'
export type {
  CallOptions,
  GetOptions,
  KnownStream,
  ListedObject,
  ListOptions,
  ObjectBody,
  ObjectDownload,
  ObjectInfo,
  ObjectStore,
  OpenedLink,
  PresignedRequest,
  PresignGetOptions,
  PresignPutOptions,
  PutOptions,
  SelfServedLinks,
  SignedRequest,
} from './object-store.ts'
export type { S3StoreConfig } from './s3-client.ts'
export { createS3Store } from './s3-store.ts'
