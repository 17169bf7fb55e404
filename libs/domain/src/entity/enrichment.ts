import type { EntityType, TaskPriority, TaskStatus } from '@synap/contracts'
import type { FoldEventOf } from '../event.ts'
import { withType } from '../kind-tables.ts'
import { statusChange, type TaskState, withTask } from '../kinds/task.ts'
import type { EntityState, Provenance, ProvenanceField } from '../state.ts'

type Enrichment = FoldEventOf<'ai.enrichment_applied'>

/** What an enrichment makes of an entity: exactly the fields it names, each with its provenance. */
export function evolveEnrichment(state: EntityState, event: Enrichment): Partial<EntityState> {
  const { delta } = event
  const kind = delta.type === null ? state : withType(state, delta.type.value as EntityType)
  const provenance = { ...state.provenance }
  const fields: readonly [ProvenanceField, { readonly confidence: number } | null][] = [
    ['title', delta.title],
    ['type', delta.type],
    ['summary', delta.summary],
    ['language', delta.language],
    ['people', delta.people],
    ['status', delta.status],
    ['priority', delta.priority],
    ['due', delta.due],
  ]
  for (const [field, change] of fields) {
    if (change !== null) provenance[field] = provenanceOf(event, change.confidence)
  }
  const task = taskChange(event)
  const { particulars } = Object.keys(task).length === 0 ? kind : withTask(kind, task)
  return {
    type: kind.type,
    particulars,
    ...(delta.title === null ? {} : { title: delta.title.value }),
    ...(delta.summary === null ? {} : { summary: delta.summary.value }),
    ...(delta.language === null ? {} : { language: delta.language.value }),
    ...(delta.people === null ? {} : { people: delta.people.value }),
    tags: withTags(state, event),
    suggestions: delta.suggestions.map((suggestion) => ({ ...suggestion, analysisId: delta.analysisId })),
    provenance,
  }
}

function taskChange({ id, occurredAt, delta }: Enrichment): Partial<TaskState> {
  const { status, priority, due } = delta
  return {
    ...(status === null ? {} : statusChange(status.value as TaskStatus, id, occurredAt)),
    ...(priority === null ? {} : { priority: priority.value as TaskPriority }),
    ...(due === null ? {} : { due: due.value }),
  }
}

function withTags(state: EntityState, event: Enrichment): EntityState['tags'] {
  const added = event.delta.tagsAdded.filter(({ tagId }) => state.tags.every(({ id }) => id !== tagId))
  return [
    ...state.tags,
    ...added.map(({ tagId, name, confidence }) => ({
      id: tagId,
      name,
      provenance: provenanceOf(event, confidence),
    })),
  ]
}

function provenanceOf({ id, delta }: Enrichment, confidence: number): Provenance {
  const { model, promptVersion, offline } = delta
  return { by: 'ai', eventId: id, model, promptVersion, offline, confidence }
}
