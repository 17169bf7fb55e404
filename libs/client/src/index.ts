export { ApiError, type ApiProblem } from './api-error.ts'
export type {
  BrowseClient,
  GraphOptions,
  LinksOptions,
  RelationsOptions,
  TagsOptions,
  TasksOptions,
} from './browse-types.ts'
export type { ChangeOptions, ChangesClient } from './change-types.ts'
export { createClient } from './client.ts'
export type { EnrichmentClient, EnrichmentOptions } from './enrichment-types.ts'
export type { EnrichmentsClient } from './enrichments-client.ts'
export type { EventCountsOptions, EventsClient, EventsOptions, FollowOptions } from './event-types.ts'
export type { ExportsClient } from './exports-client.ts'
export type { FilesClient, SendFileOptions } from './file-types.ts'
export type { ParkedClient, ParkedEventsOptions, ParkedOptions } from './parked-types.ts'
export type { CallOptions } from './transport.ts'
export type {
  CaptureFileOptions,
  ClientOptions,
  FileSource,
  FilterOptions,
  IngestClient,
  KeysClient,
  ListOptions,
  OperateClient,
  PastOptions,
  QueryClient,
  Read,
  ReadOptions,
  SearchOptions,
  SynapClient,
  TimeZoneOptions,
  WriteOptions,
} from './types.ts'
export { updateEntity } from './update-entity.ts'
