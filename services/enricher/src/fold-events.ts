import { enricherVersion, type FileReference, type SynapEvent } from '@synap/contracts'
import { type AnalysisId, type EntityId, sha256Hex, type TagId, type UserId, uuidv5 } from '@synap/core'
import type { PlacedEvent } from '@synap/inbox'
import type { JobSource, WantedJob } from './job.ts'
import type { RecordedAnalysis } from './sql/end-recorded.ts'

/** An item as the events say it is now. */
export interface EntityRow {
  entityId: EntityId
  userId: UserId
  type: string
  title: string | null
  content: { hash: string; objectKey: string; fileType: string; size: number } | null
  version: number
  capturedAt: number
  /** IANA name that came with what it reads; null: that of its user. */
  timeZone: string | null
  deleted: boolean
}

export interface TagChange {
  userId: UserId
  tagId: TagId
  /** The name from now on; null leaves it. */
  name: string | null
  /** Added to the number of its uses. */
  uses: number
  /** The item that it was put on (`uses` 1) or taken off; null when the tag itself changed. */
  entityId: EntityId | null
  /** The tag that it is part of from now on. */
  mergedInto: TagId | null
}

/** A run that a person asked for; what it reads is looked up among the jobs of that content. */
export interface RequestedRun {
  entityId: EntityId
  contentHash: string
  enricherVersion: string
  run: number
  analysisId: AnalysisId
  trigger: PlacedEvent<SynapEvent>
}

/** What a batch of events comes to. Jobs are those of the content that is current at its end. */
export interface FoldedBatch {
  entities: EntityRow[]
  jobs: WantedJob[]
  requested: RequestedRun[]
  /** Analyses that came about, here or wherever the log is replayed from. */
  recorded: RecordedAnalysis[]
  /** Items that have other content now: open jobs for anything else are of no use. */
  superseded: EntityId[]
  deleted: EntityId[]
  restored: EntityId[]
  purged: { entityId: EntityId; userId: UserId }[]
  erased: UserId[]
  timeZones: Map<UserId, string | null>
  tags: TagChange[]
}

/** One analysis per entity, content and enricher version (design: aggregates). */
export function analysisIdOf(entityId: EntityId, contentHash: string, version: string): AnalysisId {
  return uuidv5(entityId, `${contentHash}/${version}`) as AnalysisId
}

/**
 * Folds a batch into changes of what the enricher knows and into jobs. What AI itself did (`ai.*` but for the request)
 * asks for nothing, so that an enrichment never leads to another.
 *
 * @param known the items of the batch as they were before it.
 */
export function foldEvents(
  known: ReadonlyMap<string, EntityRow>,
  events: readonly PlacedEvent<SynapEvent>[],
): FoldedBatch {
  const entities = new Map<EntityId, EntityRow>()
  const triggers = new Map<EntityId, PlacedEvent<SynapEvent>>()
  const batch: Omit<FoldedBatch, 'entities' | 'jobs'> = {
    requested: [],
    recorded: [],
    superseded: [],
    deleted: [],
    restored: [],
    purged: [],
    erased: [],
    timeZones: new Map(),
    tags: [],
  }
  for (const placed of events) {
    const { event } = placed
    if (event.type === 'entity.created') {
      const entityId = placed.aggregateId as EntityId
      entities.set(entityId, createdEntity(event))
      triggers.set(entityId, placed)
      continue
    }
    foldUserEvent(batch, event)
    foldRequest(batch, placed, event)
    foldRecorded(batch, event)
    if (placed.aggregateType !== 'entity') continue
    const entityId = placed.aggregateId as EntityId
    const entity = entities.get(entityId) ?? known.get(entityId)
    if (entity === undefined) continue
    const changed = foldEntityEvent(batch, { ...entity, version: event.version }, event)
    if (changed === undefined) entities.delete(entityId)
    else entities.set(entityId, changed)
    if (asksForJob(event)) triggers.set(entityId, placed)
    if (event.type === 'entity.purged') triggers.delete(entityId)
  }
  const jobs = [...triggers].flatMap(([entityId, placed]) => jobOf(entities.get(entityId), placed))
  return { ...batch, entities: [...entities.values()], jobs }
}

function createdEntity(event: Extract<SynapEvent, { type: 'entity.created' }>): EntityRow {
  return {
    entityId: event.aggregateId as EntityId,
    userId: event.userId,
    type: event.delta.type,
    title: event.delta.title,
    content: null,
    version: event.version,
    capturedAt: event.occurredAt,
    timeZone: event.delta.timeZone,
    deleted: false,
  }
}

/** The item after the event; undefined when it is gone for good. */
function foldEntityEvent(
  batch: Pick<FoldedBatch, 'superseded' | 'deleted' | 'restored' | 'purged' | 'tags'>,
  entity: EntityRow,
  event: SynapEvent,
): EntityRow | undefined {
  const { entityId, userId } = entity
  switch (event.type) {
    case 'entity.file_uploaded':
      batch.superseded.push(entityId)
      return {
        ...entity,
        content: contentOf(event.delta.file),
        capturedAt: event.occurredAt,
        timeZone: event.delta.timeZone,
      }
    case 'entity.file_deleted':
      batch.superseded.push(entityId)
      return { ...entity, content: null, capturedAt: event.occurredAt, timeZone: null }
    case 'entity.title_changed':
      if (entity.content === null) batch.superseded.push(entityId)
      return {
        ...entity,
        title: event.delta.title,
        ...(entity.content === null ? { capturedAt: event.occurredAt, timeZone: null } : {}),
      }
    case 'entity.type_changed':
      return { ...entity, type: event.delta.type }
    case 'ai.enrichment_applied':
      for (const tag of event.delta.tagsAdded) batch.tags.push(tagPut(entity, tag))
      return {
        ...entity,
        type: event.delta.type?.value ?? entity.type,
        title: event.delta.title?.value ?? entity.title,
      }
    case 'entity.deleted':
      batch.deleted.push(entityId)
      return { ...entity, deleted: true }
    case 'entity.restored':
      batch.restored.push(entityId)
      return { ...entity, deleted: false }
    case 'entity.purged':
      batch.purged.push({ entityId, userId })
      return undefined
    case 'entity.tag_added':
      batch.tags.push(tagPut(entity, event.delta))
      return entity
    case 'entity.tag_removed':
      batch.tags.push({ ...tagPut(entity, event.delta), name: null, uses: -1 })
      return entity
    default:
      return entity
  }
}

function tagPut({ userId, entityId }: EntityRow, { tagId, name }: { tagId: TagId; name: string }): TagChange {
  return { userId, tagId, name, uses: 1, entityId, mergedInto: null }
}

function tagItself(userId: UserId, tagId: TagId, name: string | null): TagChange {
  return { userId, tagId, name, uses: 0, entityId: null, mergedInto: null }
}

function foldUserEvent(batch: Pick<FoldedBatch, 'timeZones' | 'tags' | 'erased'>, event: SynapEvent): void {
  const { userId } = event
  switch (event.type) {
    case 'user.settings_changed':
      batch.timeZones.set(userId, event.delta.timeZone)
      return
    case 'user.erased':
      batch.erased.push(userId)
      return
    case 'tag.renamed':
      batch.tags.push(tagItself(userId, event.delta.tagId, event.delta.name))
      return
    case 'tag.merged':
      batch.tags.push({ ...tagItself(userId, event.delta.intoId, event.delta.intoName), uses: 1 })
      batch.tags.push({ ...tagItself(userId, event.delta.tagId, null), mergedInto: event.delta.intoId })
      return
    default:
      return
  }
}

function foldRequest(
  batch: Pick<FoldedBatch, 'requested'>,
  trigger: PlacedEvent<SynapEvent>,
  event: SynapEvent,
): void {
  if (event.type !== 'ai.analysis_requested') return
  const { entityId, contentHash, enricherVersion, run } = event.delta
  const analysisId = event.aggregateId as AnalysisId
  batch.requested.push({ entityId, contentHash, enricherVersion, run, analysisId, trigger })
}

function foldRecorded(batch: Pick<FoldedBatch, 'recorded'>, event: SynapEvent): void {
  if (event.type !== 'ai.analysis_completed' && event.type !== 'ai.analysis_failed') return
  const { entityId, contentHash, enricherVersion: version, run } = event.delta
  const failure =
    event.type === 'ai.analysis_failed' ? { code: event.delta.code, detail: event.delta.detail } : null
  batch.recorded.push({ entityId, contentHash, enricherVersion: version, run, failure })
}

function asksForJob(event: SynapEvent): boolean {
  return (
    event.type === 'entity.file_uploaded' ||
    event.type === 'entity.file_deleted' ||
    event.type === 'entity.title_changed' ||
    event.type === 'entity.restored'
  )
}

/** The job for what an item is at the end of the batch; an item with neither content nor title asks for none. */
function jobOf(entity: EntityRow | undefined, placed: PlacedEvent<SynapEvent>): WantedJob[] {
  if (entity === undefined || entity.deleted) return []
  const { content, title } = entity
  // A new title of an item with content changes nothing that was read.
  if (content !== null && placed.event.type === 'entity.title_changed') return []
  const source: JobSource | undefined =
    content !== null
      ? { kind: 'content', objectKey: content.objectKey, fileType: content.fileType, size: content.size }
      : title !== null && title.trim() !== ''
        ? { kind: 'title', title }
        : undefined
  if (source === undefined) return []
  const contentHash = content?.hash ?? sha256Hex(title ?? '')
  return [
    {
      userId: entity.userId,
      entityId: entity.entityId,
      contentHash,
      enricherVersion,
      run: 0,
      analysisId: analysisIdOf(entity.entityId, contentHash, enricherVersion),
      source,
      entityType: entity.type,
      basedOnVersion: placed.version,
      eventId: placed.event.id,
      sequence: placed.sequence,
      capturedAt: entity.capturedAt,
      timeZone: entity.timeZone,
      traceparent: placed.traceparent,
      tracestate: placed.tracestate,
      reopens: placed.event.type !== 'entity.restored',
    },
  ]
}

function contentOf(file: FileReference): EntityRow['content'] {
  return { hash: file.sha256, objectKey: file.key, fileType: file.fileType, size: file.size }
}
