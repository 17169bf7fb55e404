export {
  avscOf,
  fingerprintOf,
  recordNameOf,
  type SchemaFile,
  schemaFileOf,
  schemaFiles,
  subjectOf,
} from './avsc.ts'
export type { PeopleChange, Suggestion, TextChange } from './catalogue/ai.ts'
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
export { type FitDelta, type FittedDelta, fitDeltaOf } from './codec/fit-delta.ts'
export { frame, type ParsedFrame, parseFrame } from './codec/frame.ts'
export { type DecodedDerived, decodeDerived, encodeDerived } from './derived/codec.ts'
export { packFloat16, unpackFloat16 } from './derived/float16.ts'
export {
  chosenModelPlace,
  chosenModelProducer,
  type DerivedPlace,
  derivedKey,
  parseDerivedKey,
} from './derived/key.ts'
export { formatWikiLink, type ItemLink, type LinkKind, linkKinds, parseItemLink } from './derived/links.ts'
export {
  type DerivedRecord,
  type DerivedType,
  derivedTypes,
  type Embedded,
  type Extracted,
  type ModelChosen,
  maxChunksPerBlock,
  maxLinks,
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
  type EnrichmentBudget,
  type EnrichmentPause,
  type EnrichmentPauseRequest,
  type EnrichmentPauseResponse,
  type EnrichmentResumeRequest,
  type EnrichmentRetryRequest,
  type EnrichmentRetryResponse,
  type EnrichmentStatus,
  enrichmentBudget,
  enrichmentBudgetParams,
  enrichmentPause,
  enrichmentPauseRequest,
  enrichmentPauseResponse,
  enrichmentQuery,
  enrichmentResumeRequest,
  enrichmentRetryRequest,
  enrichmentRetryResponse,
  enrichmentStatus,
  type ModelCost,
  modelCost,
  type PauseKind,
  pauseKinds,
} from './http/enrichment.ts'
export {
  type EmbeddingView,
  type EnrichmentEstimate,
  type EnrichmentFilter,
  type EnrichmentList,
  type EnrichmentRequest,
  type EnrichmentResponse,
  type EnrichmentStep,
  type EnrichmentView,
  embeddingView,
  enrichmentFilter,
  enrichmentKinds,
  enrichmentList,
  enrichmentParams,
  enrichmentRequest,
  enrichmentResponse,
  enrichmentsQuery,
  enrichmentView,
  enrichmentWishes,
} from './http/enrichments.ts'
export { type Related, type RelatedQuery, relatedQuery, relatedResponse } from './http/related.ts'
export * from './http.ts'
export type { Json, JsonObject } from './json.ts'
export {
  type KindEventType,
  type KindInput,
  type KindInputs,
  type KindName,
  kindAppliesTo,
  kindInputsOf,
  kindNames,
} from './kind-tables.ts'
export { readMovedPositions, writeMovedPositions } from './moved-positions.ts'
export { murmur2, partitionOf } from './murmur2.ts'
export { type ProblemKind, type ProblemName, problems } from './problems.ts'
export { type Scope, scopes } from './scopes.ts'
export { cleanText, dateOnly, dueDate, instant, isCleanText, limits, timeZoneName } from './text.ts'
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
