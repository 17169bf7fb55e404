import type { DeltaOf, JsonObject } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { EntityEventType, FoldEventOf } from '../event.ts'
import { kindChanges, withType } from '../kind-tables.ts'
import { applyMergePatch } from '../merge-patch.ts'
import type { EntityState } from '../state.ts'
import { authorOf, setBy } from './author.ts'
import { evolveEnrichment } from './enrichment.ts'
import { joinPeople } from './people.ts'
import { settle, settleValue, withoutRejected, withRejected } from './suggestions.ts'

export type EntityEvent = { [T in EntityEventType]: FoldEventOf<T> }[EntityEventType]
type Later = Exclude<EntityEventType, 'entity.created'>
export type LaterEntityEvent = Exclude<EntityEvent, { type: 'entity.created' }>

/** What of an entity is another one after an event. */
type Change = Partial<EntityState>

/** The state of an entity after its first event. */
export function createEntity(event: FoldEventOf<'entity.created'>): EntityState {
  const { type, title } = event.delta
  const by = authorOf(event)
  const nothing: EntityState = {
    aggregate: 'entity',
    id: event.aggregateId as EntityId,
    version: event.version,
    sequence: event.sequence,
    createdAt: event.occurredAt,
    updatedAt: event.occurredAt,
    type,
    title,
    preview: null,
    summary: null,
    language: null,
    people: [],
    content: null,
    attachments: [],
    tags: [],
    particulars: {},
    metadata: {},
    suggestions: [],
    rejected: [],
    deleted: false,
    purged: false,
    provenance: {
      ...(title === null ? {} : { title: by }),
      // A note is what everything is until someone decides: AI may find that it is a task. Any other kind is a decision.
      ...(type === 'note' ? {} : { type: by }),
    },
  }
  return { ...nothing, ...withType(nothing, type) }
}

/** What changes with an event. Total: every later event of the catalogue on any state gives a state. */
export function changeOfEntity(state: EntityState, event: LaterEntityEvent): Change {
  const change = changes[event.type] as (state: EntityState, event: EntityEvent) => Change
  return change(state, event)
}

const changes: { readonly [T in Later]: (state: EntityState, event: FoldEventOf<T>) => Change } = {
  'entity.deleted': () => ({ deleted: true }),
  'entity.restored': () => ({ deleted: false }),
  'entity.purged': () => ({
    deleted: true,
    purged: true,
    title: null,
    preview: null,
    summary: null,
    language: null,
    people: [],
    content: null,
    attachments: [],
    tags: [],
    particulars: {},
    metadata: {},
    suggestions: [],
    rejected: [],
    provenance: {},
  }),
  'entity.title_changed': (state, event) => ({
    title: event.delta.title,
    suggestions: settle(state, 'title'),
    provenance: setBy(state, event, 'title'),
  }),
  'entity.type_changed': (state, event) => ({
    ...withType(state, event.delta.type),
    suggestions: settle(state, 'type'),
    provenance: setBy(state, event, 'type'),
  }),
  'entity.file_uploaded': (state, event) => ({
    content: event.delta.file,
    preview: event.delta.preview,
    provenance: setBy(state, event, 'content'),
  }),
  'entity.file_deleted': (state, event) => ({
    content: null,
    preview: null,
    provenance: setBy(state, event, 'content'),
  }),
  'entity.attachment_added': (state, { delta }) => ({
    attachments: [...state.attachments.filter(({ key }) => key !== delta.attachment.key), delta.attachment],
  }),
  'entity.attachment_removed': (state, { delta }) => ({
    attachments: state.attachments.filter(({ key }) => key !== delta.attachment.key),
  }),
  'entity.tag_added': (state, event) => addTag(state, event),
  'entity.tag_removed': (state, event) => ({
    tags: state.tags.filter(({ id }) => id !== event.delta.tagId),
    // Who takes a tag off does not want it proposed again.
    ...(event.actor.kind === 'ai' ? {} : { rejected: withRejected(state, 'tag', event.delta.name) }),
  }),
  'entity.suggestion_rejected': (state, { delta }) => ({
    ...withoutValue(state, delta),
    suggestions: settleValue(state, delta),
    rejected: withRejected(state, delta.field, delta.value),
  }),
  'entity.updated': (state, event) => ({
    metadata: applyMergePatch(state.metadata, JSON.parse(event.delta.patch) as JsonObject),
    provenance: setBy(state, event, 'metadata'),
  }),
  'ai.enrichment_applied': evolveEnrichment,
  ...kindChanges,
}

/** No person writes these, so who rejects the one that AI has set takes it away. */
function withoutValue(state: EntityState, { field, value }: DeltaOf<'entity.suggestion_rejected'>): Change {
  if (field !== 'summary' && field !== 'language' && field !== 'people') return {}
  if ((field === 'people' ? joinPeople(state.people) : state[field]) !== value) return {}
  const { [field]: _, ...provenance } = state.provenance
  return field === 'people' ? { people: [], provenance } : { [field]: null, provenance }
}

function addTag(state: EntityState, event: FoldEventOf<'entity.tag_added'>): Change {
  const { tagId, name } = event.delta
  const tag = { id: tagId, name, provenance: authorOf(event) }
  return {
    tags: [...state.tags.filter(({ id }) => id !== tagId), tag],
    suggestions: settleValue(state, { field: 'tag', value: name }),
    rejected: withoutRejected(state, 'tag', name),
  }
}
