/**
 * The closed vocabularies of today. In Avro they are plain strings, so that tomorrow's word does not break today's
 * reader; `readKnownEvent` refuses a word it does not know.
 */
export const aggregateTypes = ['entity', 'relation', 'user', 'analysis'] as const
export type AggregateType = (typeof aggregateTypes)[number]

export const entityTypes = [
  // One to a line, so that a new one is a line.
  'note',
  'task',
  'project',
  'page',
  'event',
  'idea',
] as const
export type EntityType = (typeof entityTypes)[number]

export const fileTypes = ['markdown', 'text', 'html', 'pdf', 'audio', 'video', 'image', 'other'] as const
export type FileType = (typeof fileTypes)[number]

export const relationTypes = [
  'contains',
  'relates_to',
  'blocks',
  'duplicates',
  'mentions',
  'derived_from',
] as const
export type RelationType = (typeof relationTypes)[number]

export const taskStatuses = ['todo', 'in_progress', 'done', 'cancelled'] as const
export type TaskStatus = (typeof taskStatuses)[number]

/** 0 is none (what a task has until someone sets one), 3 is the highest. */
export const taskPriorities = [0, 1, 2, 3] as const
export type TaskPriority = (typeof taskPriorities)[number]

/** The way a change came in. */
export const eventSources = ['api', 'automation', 'sync', 'migration', 'system'] as const
export type EventSource = (typeof eventSources)[number]

/** Who decided: a person, a model, a program acting for a user, or Synap itself. */
export const actorKinds = ['user', 'ai', 'service', 'system'] as const
export type ActorKind = (typeof actorKinds)[number]

/** What AI may propose for an entity; `tag` stands for each single tag. */
export const suggestionFields = [
  'title',
  'type',
  'summary',
  'language',
  'people',
  'status',
  'priority',
  'due',
  'tag',
] as const
export type SuggestionField = (typeof suggestionFields)[number]
