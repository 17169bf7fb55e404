import { entityTypes, type Json, type JsonObject, type KindName, kindAppliesTo } from '@synap/contracts'
import { type AggregateId, type EntityId, type EventId, type TagId, type UserId, uuidv5 } from '@synap/core'
import {
  type Accepted,
  type AggregateState,
  type Command,
  canonicalTagId,
  type DecisionContext,
  decide,
  type EntityState,
  evolve,
  type FoldEvent,
  idsOf,
  normaliseTagName,
  type RegisteredTag,
  statesFor,
  type UserState,
} from '../src/index.ts'
import * as kinds from '../src/kinds.ts'
import { committed } from './streams.ts'

export type Outcome = ReturnType<typeof decide>
export type ActorKind = 'user' | 'ai' | 'service'

/**
 * One user as ingest keeps it: states, the log of each aggregate, and the tags, unique by id and by normalised name.
 * A decision is appended as the database does it, with the same checks.
 */
export class World {
  readonly userId: UserId
  readonly states = new Map<AggregateId, AggregateState>()
  readonly log: FoldEvent[] = []
  readonly tags = new Map<TagId, RegisteredTag>()

  constructor(userId: UserId) {
    this.userId = userId
  }

  /** The same user, going on apart. */
  fork(): World {
    const copy = new World(this.userId)
    for (const [id, state] of this.states) copy.states.set(id, state)
    for (const [id, tag] of this.tags) copy.tags.set(id, tag)
    copy.log.push(...this.log)
    return copy
  }

  run(command: Command, actor: ActorKind = 'user'): Outcome {
    const decision = decide(command, statesFor(idsOf(command), this.states), this.#context(actor))
    if (decision.outcome === 'accepted') this.#append(decision, actor)
    return decision
  }

  entity(id: EntityId): EntityState | undefined {
    const state = this.states.get(id)
    return state?.aggregate === 'entity' ? state : undefined
  }

  user(): UserState | undefined {
    const state = this.states.get(this.userId)
    return state?.aggregate === 'user' ? state : undefined
  }

  historyOf(id: AggregateId): FoldEvent[] {
    return this.log.filter(({ aggregateId }) => aggregateId === id)
  }

  undo(event: FoldEvent): Outcome {
    const later = this.historyOf(event.aggregateId).filter(({ version }) => version > event.version)
    const holder = event.type === 'tag.renamed' ? this.holderOf(event.delta.oldName) : undefined
    return this.run({ kind: 'undo', userId: this.userId, event, later, holder })
  }

  holderOf(name: string): RegisteredTag | undefined {
    const normalised = normaliseTagName(name)
    return [...this.tags.values()].find((tag) => normaliseTagName(tag.name) === normalised)
  }

  /** As `createTagIds` of ingest: what has the name, else the id that the name gives, else another one. */
  idOf(name: string): TagId {
    const given = uuidv5(this.userId, `tag:${normaliseTagName(name)}`) as TagId
    return (
      this.holderOf(name)?.id ??
      (this.tags.has(given) ? (uuidv5(given, String(this.log.length)) as TagId) : given)
    )
  }

  #context(kind: ActorKind): DecisionContext {
    let made = 0
    const newEventId = () => uuidv5(this.userId, `event:${this.log.length}:${(made += 1)}`) as EventId
    return { actor: { kind, id: null }, newEventId }
  }

  #append({ events, aggregates, reads }: Accepted, actor: ActorKind): void {
    for (const { id, expected } of [...aggregates, ...reads]) {
      const version = this.states.get(id)?.version ?? 0
      if (version !== expected)
        throw new Error(`decided on version ${expected} of ${id}, which has ${version}`)
    }
    for (const event of committed(events, this.log.length + 1, actor)) {
      this.states.set(event.aggregateId, evolve(this.states.get(event.aggregateId), event))
      this.log.push(event)
      this.#register(event)
    }
  }

  #register(event: FoldEvent): void {
    if (event.type === 'entity.tag_added') this.#know(event.delta.tagId, event.delta.name)
    if (event.type === 'ai.enrichment_applied') {
      for (const { tagId, name } of event.delta.tagsAdded) this.#know(tagId, name)
    }
    if (event.type === 'tag.renamed') {
      const { tagId, name } = event.delta
      const holder = this.holderOf(name)
      // A tag that was merged into this one leaves its name to it.
      if (holder !== undefined && holder.id !== tagId) {
        if (canonicalTagId(this.user(), holder.id) !== tagId) throw new Error(`two tags are called ${name}`)
        this.tags.delete(holder.id)
      }
      this.tags.set(tagId, { id: tagId, name })
    }
  }

  #know(id: TagId, name: string): void {
    const holder = this.holderOf(name)
    if (holder !== undefined && holder.id !== id) throw new Error(`two tags are called ${name}`)
    if (!this.tags.has(id)) this.tags.set(id, { id, name })
  }
}

/** What of an entity an undo can bring back, without who set it and when. */
export function valuesOf(state: EntityState | undefined, user: UserState | undefined): JsonObject {
  if (state === undefined) return {}
  const { task, ...others } = { ...traits, ...state.particulars }
  return {
    deleted: state.deleted,
    title: state.title,
    type: state.type,
    content: state.content?.key ?? null,
    preview: state.preview,
    summary: state.summary,
    language: state.language,
    people: [...state.people],
    status: task?.status ?? 'todo',
    priority: task?.priority ?? 0,
    due: task?.due ?? null,
    ...Object.fromEntries(Object.entries<object>(others).flatMap(([kind, own]) => fieldsOf(kind, own))),
    metadata: state.metadata,
    attachments: state.attachments.map(({ key }) => key).sort(),
    tags: [...new Set(state.tags.map(({ id }) => canonicalTagId(user, id)))].sort(),
  }
}

/** What every entity has of each trait before anybody sets it. */
const traits = Object.fromEntries(
  Object.entries(kinds)
    .filter(([name]) => entityTypes.every((type) => kindAppliesTo(name as KindName, type)))
    .map(([name, { initial }]) => [name, initial]),
)

/** `habit streak`: as the events of a kind name what they touch. */
function fieldsOf(kind: string, own: object): [string, Json][] {
  return Object.entries(own).map(([name, value]) => [`${kind} ${name}`, value as Json])
}
