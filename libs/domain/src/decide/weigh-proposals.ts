import type {
  AnalysisResult,
  DeltaOf,
  EntityType,
  PeopleChange,
  Suggestion,
  SuggestionField,
  TaskStatus,
  TextChange,
} from '@synap/contracts'
import type { TagId } from '@synap/core'
import { currentTag } from '../canonical-tag.ts'
import { joinPeople, personKey, rejectedPeople } from '../entity/people.ts'
import { isRejected } from '../entity/suggestions.ts'
import { taskOf } from '../kinds/task.ts'
import type { EntityState, ProvenanceField, UserState } from '../state.ts'
import { normaliseTagName, tidyTagName } from '../tag-name.ts'

/** From this confidence on a proposal is set; below it is only suggested, and below `suggestFrom` forgotten. */
export const applyFrom = 0.5
export const suggestFrom = 0.2
const maxTags = 50

/** What AI may do to an entity with a proposal: set it, show it, or nothing. */
type Verdict = 'set' | 'suggest' | 'drop'

/** What `ai.enrichment_applied` says about the entity, without where it comes from. */
export type Weighed = Pick<
  DeltaOf<'ai.enrichment_applied'>,
  | 'title'
  | 'type'
  | 'summary'
  | 'language'
  | 'people'
  | 'status'
  | 'priority'
  | 'due'
  | 'tagsAdded'
  | 'suggestions'
>

export interface Proposals extends Omit<AnalysisResult, 'tags'> {
  /** Each name with the id that ingest has for it. */
  readonly tags: readonly { readonly id: TagId; readonly name: string; readonly confidence: number }[]
}

/** Kinds that a plain note may turn out to be. Projects and pages are made by people. */
const kindsOfNotes: readonly EntityType[] = ['task', 'event', 'idea']
/** AI does not decide that something is over. */
const openStatuses: readonly TaskStatus[] = ['todo', 'in_progress']

/**
 * Decides field by field what of an analysis is set, what is only suggested and what is dropped. A person's value is
 * never overwritten, a rejected one never comes back, and what is so already is no change.
 */
export function weighProposals(state: EntityState, proposals: Proposals, user?: UserState): Weighed {
  const suggestions: Suggestion[] = []
  const weigh = <T extends string | number>(
    field: ProvenanceField & SuggestionField,
    proposal: { value: T; confidence: number } | undefined,
    old: T | null,
    allowed = true,
  ) => {
    if (proposal === undefined || proposal.value === old) return null
    const { value, confidence } = proposal
    const verdict = allowed ? verdictOn(state, field, String(value), confidence) : 'drop'
    if (verdict === 'suggest') suggestions.push({ field, value: String(value), confidence })
    return verdict === 'set' ? { value, old, confidence } : null
  }

  const type = weigh('type', kindOf(proposals), state.type, state.type === 'note' || isByAi(state, 'type'))
  const isTask = (type?.value ?? state.type) === 'task'
  const task = taskOf(state)
  const { title, summary, language, due, priority, status } = proposals
  const weighed = {
    title: weigh('title', title, state.title),
    type,
    summary: weigh('summary', summary, state.summary),
    language: weigh('language', language, state.language),
    status: weigh('status', status, task.status, isTask && isOpen(status?.value) && isOpen(task.status)),
    priority: withOld(weigh('priority', priority, task.priority, isTask)),
    due: weigh('due', due, task.due, isTask),
  } satisfies Partial<Record<string, TextChange | PriorityChange | null>>
  const people = weighPeople(state, proposals, suggestions)
  return { ...weighed, people, tagsAdded: weighTags(state, proposals, suggestions, user), suggestions }
}

type PriorityChange = NonNullable<Weighed['priority']>

/** A task always has a priority, so its change always has an old value. */
function withOld(
  change: { value: number; old: number | null; confidence: number } | null,
): PriorityChange | null {
  return change === null ? null : { ...change, old: change.old ?? 0 }
}

function verdictOn(
  state: EntityState,
  field: ProvenanceField & SuggestionField,
  value: string,
  confidence: number,
): Verdict {
  if (state.provenance[field]?.by === 'user' || isRejected(state, field, value)) return 'drop'
  if (confidence >= applyFrom) return 'set'
  return confidence >= suggestFrom ? 'suggest' : 'drop'
}

/** Each name by itself: one that was rejected in whichever company stays away, and the others do not go with it. */
function weighPeople(
  state: EntityState,
  { people }: Proposals,
  suggestions: Suggestion[],
): PeopleChange | null {
  if (people === undefined) return null
  const { confidence } = people
  const rejected = rejectedPeople(state)
  const keys = people.value.map(personKey)
  const value = people.value.filter((_, place) => {
    const key = keys[place] ?? ''
    return keys.indexOf(key) === place && !rejected.has(key)
  })
  const line = joinPeople(value)
  if (value.length === 0 || line === joinPeople(state.people)) return null
  const verdict = verdictOn(state, 'people', line, confidence)
  if (verdict === 'suggest') suggestions.push({ field: 'people', value: line, confidence })
  return verdict === 'set' ? { value, old: state.people, confidence } : null
}

/** The proposed type; where there is none, what the text seems to be meant for. */
function kindOf({ type, intent }: Proposals): { value: EntityType; confidence: number } | undefined {
  const proposed =
    type ?? (intent === undefined ? undefined : { value: intent.kind, confidence: intent.confidence })
  return proposed !== undefined && kindsOfNotes.includes(proposed.value) ? proposed : undefined
}

function weighTags(
  state: EntityState,
  { tags }: Proposals,
  suggestions: Suggestion[],
  user: UserState | undefined,
): Weighed['tagsAdded'] {
  const own = state.tags.map((tag) => currentTag(user, tag))
  const taken = new Set([...state.tags, ...own].map(({ name }) => normaliseTagName(name)))
  const takenIds = new Set(own.map(({ id }) => id))
  const added: Weighed['tagsAdded'][number][] = []
  for (const { id: givenId, name: given, confidence } of tags) {
    const { id, name } = currentTag(user, { id: givenId, name: tidyTagName(given) })
    const known = taken.has(normaliseTagName(name)) || takenIds.has(id)
    if (
      known ||
      confidence < suggestFrom ||
      isRejected(state, 'tag', name) ||
      isRejected(state, 'tag', given)
    )
      continue
    taken.add(normaliseTagName(name))
    takenIds.add(id)
    if (confidence >= applyFrom && state.tags.length + added.length < maxTags) {
      added.push({ tagId: id, name, confidence })
    } else suggestions.push({ field: 'tag', value: name, confidence })
  }
  return added
}

function isByAi(state: EntityState, field: ProvenanceField): boolean {
  return state.provenance[field]?.by === 'ai'
}

function isOpen(status: TaskStatus | undefined): boolean {
  return status !== undefined && openStatuses.includes(status)
}
