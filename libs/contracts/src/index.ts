export {
  avscOf,
  fingerprintOf,
  recordNameOf,
  type SchemaFile,
  schemaFileOf,
  schemaFiles,
  subjectOf,
} from './avsc.ts'
export type { Suggestion, TextChange } from './catalogue/ai.ts'
export type { Attachment, FileReference } from './catalogue/shared.ts'
export {
  aggregateTypeOf,
  catalogue,
  type DeltaOf,
  deltaSchemaOf,
  type EventOf,
  type EventType,
  envelopeSchema,
  eventTypes,
  isEventType,
  type SynapEvent,
} from './catalogue.ts'
export {
  createDecoder,
  type Decoded,
  type DecodedEvent,
  type DecodeReason,
  type KnownRead,
  readKnownEvent,
} from './codec/decode.ts'
export { deltaFromJson, deltaToJson } from './codec/delta-json.ts'
export { encodeDelta, encodeEnvelope } from './codec/encode.ts'
export { frame, type ParsedFrame, parseFrame } from './codec/frame.ts'
export { type DecodedDerived, decodeDerived, encodeDerived } from './derived/codec.ts'
export { packFloat16, unpackFloat16 } from './derived/float16.ts'
export { type DerivedPlace, derivedKey, parseDerivedKey } from './derived/key.ts'
export {
  type DerivedRecord,
  type DerivedType,
  derivedTypes,
  type Embedded,
  type Extracted,
  maxChunksPerBlock,
  maxVectorsPerBlock,
} from './derived/records.ts'
export { type Actor, type Envelope, envelopeFieldNames } from './event/envelope.ts'
export { idSchema } from './event/field.ts'
export {
  derivedHeaders,
  type EventHeaders,
  eventHeaders,
  eventSourceUri,
  messageHeaders,
  type ParsedEventHeaders,
  parseEventHeaders,
  type TraceContext,
  wireContentType,
} from './headers.ts'
export {
  type Agreement,
  type AgreementLine,
  type AgreementQuery,
  agreement,
  agreementLine,
  agreementQuery,
  type FindingKind,
  findingKinds,
  type LedgerFinding,
  type LedgerStore,
  ledgerFinding,
  ledgerStores,
} from './http/agreement.ts'
export {
  type AnalysisOutcome,
  type AnalysisRequest,
  type AnalysisResponse,
  type AnalysisResult,
  analysisOutcomes,
  analysisRequest,
  analysisResponse,
  analysisResult,
} from './http/analysis.ts'
export {
  type AttachmentResponse,
  type AttachmentView,
  attachmentForm,
  attachmentParams,
  attachmentResponse,
  attachmentView,
} from './http/attachments.ts'
export {
  type Graph,
  type GraphQuery,
  graphQuery,
  graphResponse,
  type RelationList,
  type RelationsQuery,
  type RelationView,
  relationList,
  relationSchema,
  relationsQuery,
  type Settings,
  settingsResponse,
  type TagList,
  type TagView,
  type TasksQuery,
  tagList,
  tagSchema,
  tagsQuery,
  tasksQuery,
} from './http/browse.ts'
export {
  type CaptureFileRequest,
  type CaptureRequest,
  type CaptureResponse,
  type ChangeResponse,
  captureFileForm,
  captureFileRequest,
  captureRequest,
  captureResponse,
  changeResponse,
  fileNameKey,
  filePart,
} from './http/capture.ts'
export { type ContentRequest, contentRequest } from './http/content.ts'
export {
  type EnrichRequest,
  enricherVersion,
  enrichRequest,
  entityTagParams,
  type PatchRequest,
  patchRequest,
  type RelationRequest,
  type RelationResponse,
  relationParams,
  relationRequest,
  relationResponse,
  type SettingsRequest,
  type SuggestionRequest,
  settingsRequest,
  suggestionParams,
  suggestionRequest,
  type TagMergeRequest,
  type TagPatchRequest,
  tagMergeRequest,
  tagParams,
  tagPatchRequest,
  type UndoRequest,
  type UserResponse,
  undoRequest,
  userResponse,
} from './http/changes.ts'
export {
  type EntityList,
  type EntityView,
  entityList,
  entitySchema,
  type ListQuery,
  listQuery,
  provenanceSchema,
  readOptions,
  readQuery,
} from './http/entity.ts'
export {
  type EventChain,
  type EventCounts,
  type EventCountsQuery,
  type EventList,
  type EventStreamQuery,
  type EventsQuery,
  type EventView,
  eventChain,
  eventCounts,
  eventCountsQuery,
  eventList,
  eventParams,
  eventSchema,
  eventStreamQuery,
  eventsQuery,
  type HistoryEntry,
  type HistoryList,
  type HistoryQuery,
  historyEntry,
  historyList,
  historyQuery,
} from './http/events.ts'
export { httpHeaders, problemContentType } from './http/http-headers.ts'
export { idempotencyKey } from './http/idempotency.ts'
export {
  type HeadsQuery,
  type HeadsResponse,
  headsQuery,
  headsResponse,
  type InternalEvent,
  type InternalEventsQuery,
  type InternalEventsResponse,
  type IntrospectRequest,
  type IntrospectResponse,
  internalEvent,
  internalEventsQuery,
  internalEventsResponse,
  introspectRequest,
  introspectResponse,
  maxInternalEvents,
} from './http/internal.ts'
export {
  type CreateKeyRequest,
  type CreateKeyResponse,
  createKeyRequest,
  createKeyResponse,
  type KeyList,
  type KeyView,
  keyList,
  keyParams,
  keyView,
} from './http/keys.ts'
export { type Ledger, type LedgerQuery, ledgerQuery, ledgerResponse } from './http/ledger.ts'
export {
  type OutboxStatus,
  outboxStatus,
  type ReconcileRequest,
  type ReconcileStatus,
  type RepublishRequest,
  type RepublishResponse,
  type RetryRequest,
  type RetryResponse,
  reconcileRequest,
  reconcileStatus,
  republishRequest,
  republishResponse,
  retryRequest,
  retryResponse,
  type SweepPreview,
  sweepPreview,
} from './http/operate.ts'
export { type Problem, problemSchema } from './http/problem.ts'
export {
  type SearchHit,
  type SearchMode,
  type SearchQuery,
  type SearchResponse,
  searchHit,
  searchModes,
  searchQuery,
  searchResponse,
} from './http/search.ts'
export {
  entityIdSchema,
  entityParams,
  metadataObjectProblem,
  metadataProblem,
  queryInt,
  sequenceNumber,
  tagNameText,
  titleText,
  userIdSchema,
  versionNumber,
} from './http/shared.ts'
export {
  type Stage,
  type StageName,
  type StageState,
  type StatusResponse,
  stageNames,
  stageSchema,
  stageStates,
  statusResponse,
} from './http/status.ts'
export {
  largestUpload,
  type UploadRequest,
  type UploadTarget,
  type UploadView,
  uploadParams,
  uploadRequest,
  uploadTarget,
  uploadView,
} from './http/uploads.ts'
export type { Json, JsonObject } from './json.ts'
export {
  type KindEventType,
  type KindInput,
  type KindInputs,
  type KindName,
  kindInputsOf,
  kindNames,
} from './kind-tables.ts'
export { murmur2, partitionOf } from './murmur2.ts'
export { type ProblemKind, type ProblemName, problems } from './problems.ts'
export { type Scope, scopes } from './scopes.ts'
export { cleanText, dateOnly, dueDate, instant, isCleanText, limits } from './text.ts'
export {
  maxDerivedBytes,
  maxEventBytes,
  replicationFor,
  type Topic,
  type TopicDeclaration,
  type TopicName,
  topicName,
  topics,
} from './topics.ts'
export * from './vocabularies.ts'
