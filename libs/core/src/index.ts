export { assertNever } from './assert-never.ts'
export { crashpoint } from './crashpoint.ts'
export { describeError, type ErrorClass, errorClass, SynapError, type SynapErrorOptions } from './error.ts'
export { sha256Hex } from './hash.ts'
export {
  type AggregateId,
  type AnalysisId,
  bytesToUuid,
  type EntityId,
  type EventId,
  isUuid,
  type RelationId,
  type TagId,
  type UserId,
  uuidToBytes,
  uuidv5,
  uuidv7,
} from './ids.ts'
export { type BackoffOptions, backoffMs, wait, withDeadline } from './time.ts'
