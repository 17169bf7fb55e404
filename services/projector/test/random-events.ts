import type { EventType, SynapEvent } from '@synap/contracts'
import { aggregateTypeOf } from '@synap/contracts'
import { sha256Hex, type UserId, uuidv7 } from '@synap/core'

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Ids that are the same for the same numbers: a run that failed can be had again. */
export function createIds(random: () => number): () => string {
  return () => {
    const hex = Array.from({ length: 4 }, () =>
      Math.floor(random() * 4_294_967_296)
        .toString(16)
        .padStart(8, '0'),
    )
    const [a = '', b = '', c = '', d = ''] = hex
    return `${a}-${b.slice(0, 4)}-7${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`
  }
}

const words = ['milk', 'bread', 'garden', 'letter', 'holiday', 'invoice', 'bicycle', 'piano']

/** Book-keeping that the read model knows and leaves alone: what each says besides the job it is about. */
const producer = { model: 'model', promptVersion: '1', offline: true, basedOnVersion: 1 }
const analyses = [
  ['ai.analysis_requested', {}],
  [
    'ai.analysis_completed',
    {
      ...producer,
      inputTokens: null,
      outputTokens: null,
      costMicros: null,
      timeZone: null,
      intent: null,
      dueSpan: null,
    },
  ],
  [
    'ai.analysis_failed',
    {
      ...producer,
      code: 'model.refused',
      detail: null,
      inputTokens: null,
      outputTokens: null,
      costMicros: null,
    },
  ],
] as const

/** One user's events, made as ingest makes them: versions and sequences without gaps, tags named by their ids. */
export class RandomUser {
  readonly userId: UserId
  readonly entities: string[] = []
  readonly #random: () => number
  readonly #newId: () => string
  readonly #versions = new Map<string, number>()
  readonly #relations: { id: string; ends: object }[] = []
  readonly #tags = new Map<string, string>()
  readonly #attachments = new Map<string, object>()
  readonly #gone = new Set<string>()
  #sequence = 0

  constructor(random: () => number, newId: () => string = uuidv7) {
    this.#random = random
    this.#newId = newId
    this.userId = newId() as UserId
  }

  /** The next event, any of the catalogue. */
  next(): SynapEvent {
    const living = this.entities.filter((id) => !this.#gone.has(id))
    if (living.length === 0 || this.#random() < 0.15) return this.#create()
    const id = this.#pick(living)
    const roll = this.#random()
    if (roll < 0.7) return this.#changeEntity(id)
    if (roll < 0.8) return this.#relate(living)
    if (roll < 0.95 && this.#tags.size > 0) return this.#changeTags()
    return this.#event('user.settings_changed', this.userId, {
      timeZone: 'Europe/Berlin',
      oldTimeZone: null,
      language: this.#pick(['de', 'en']),
      oldLanguage: null,
    })
  }

  event(type: EventType, aggregateId: string, delta: object): SynapEvent {
    return this.#event(type, aggregateId, delta)
  }

  #create(): SynapEvent {
    const id = this.#newId()
    this.entities.push(id)
    const title = this.#random() < 0.5 ? null : this.#text()
    return this.#event('entity.created', id, {
      type: this.#pick(['note', 'task', 'idea']),
      title,
      timeZone: null,
    })
  }

  #changeEntity(id: string): SynapEvent {
    const make = this.#pick(this.#changes(id))
    return make()
  }

  #changes(id: string): (() => SynapEvent)[] {
    const say = (type: EventType, delta: object) => () => this.#event(type, id, delta)
    return [
      say('entity.title_changed', { title: this.#text(), oldTitle: null }),
      say('entity.type_changed', { type: this.#pick(['note', 'task', 'page']), oldType: 'note' }),
      say('entity.file_uploaded', {
        file: this.#file(id),
        oldFile: null,
        preview: this.#text(),
        oldPreview: null,
        timeZone: null,
      }),
      say('entity.file_deleted', { oldFile: this.#file(id), oldPreview: null }),
      () => this.#attach(id),
      () => this.#analyse(id),
      say('entity.updated', { patch: JSON.stringify({ [this.#pick(words)]: 1 }), inverse: '{}' }),
      say('task.status_changed', { status: 'in_progress', oldStatus: 'todo' }),
      say('task.completed', { oldStatus: 'todo' }),
      say('task.due_date_set', {
        due: this.#pick(['2026-11-22', '2026-11-22T17:00:00Z', null]),
        oldDue: null,
      }),
      say('task.priority_set', { priority: 2, oldPriority: 0 }),
      say('entity.deleted', {}),
      say('entity.restored', {}),
      say('entity.suggestion_rejected', { field: 'tag', value: 'milk', analysisId: null }),
      () => this.#addTag(id),
      () => this.#addTag(id),
      () => this.#removeTag(id),
      () => this.#enrich(id),
      ...(this.#random() < 0.3 ? [() => this.#purge(id)] : []),
    ]
  }

  #analyse(entityId: string): SynapEvent {
    const [type, more] = this.#pick(analyses)
    const job = { entityId, contentHash: sha256Hex(entityId), enricherVersion: '1', run: 0 }
    return this.#event(type, this.#newId(), { ...job, ...more })
  }

  #attach(id: string): SynapEvent {
    const known = this.#attachments.get(id)
    if (known !== undefined && this.#attachments.delete(id)) {
      return this.#event('entity.attachment_removed', id, { attachment: known })
    }
    const attachment = { ...this.#file(id), name: 'a.pdf' }
    this.#attachments.set(id, attachment)
    return this.#event('entity.attachment_added', id, { attachment })
  }

  #purge(id: string): SynapEvent {
    this.#gone.add(id)
    return this.#event('entity.purged', id, {})
  }

  #addTag(id: string): SynapEvent {
    return this.#event('entity.tag_added', id, this.#tag())
  }

  #removeTag(id: string): SynapEvent {
    return this.#event('entity.tag_removed', id, this.#tag())
  }

  #tag(): { tagId: string; name: string } {
    if (this.#tags.size === 0 || this.#random() < 0.3) this.#tags.set(this.#newId(), this.#text())
    const [tagId, name] = this.#pick([...this.#tags])
    return { tagId, name }
  }

  #enrich(id: string): SynapEvent {
    const change = { value: this.#text(), old: null, confidence: 0.5 }
    return this.#event('ai.enrichment_applied', id, {
      analysisId: this.#newId(),
      contentHash: 'ab'.repeat(32),
      model: 'm',
      promptVersion: '1',
      offline: true,
      title: change,
      type: this.#random() < 0.5 ? { ...change, value: 'task' } : null,
      summary: change,
      language: { ...change, value: this.#pick(['en', 'de']) },
      status: null,
      priority: null,
      due: { ...change, value: '2026-12-24' },
      tagsAdded: [{ ...this.#tag(), confidence: 0.4 }],
      suggestions: [{ field: 'title', value: this.#text(), confidence: 0.2 }],
      people: this.#random() < 0.5 ? { value: ['Ana', this.#text().trim()], old: [], confidence: 0.7 } : null,
    })
  }

  #relate(living: readonly string[]): SynapEvent {
    const known = this.#relations.length > 0 && this.#random() < 0.4 ? this.#pick(this.#relations) : undefined
    if (known !== undefined) return this.#event('relation.deleted', known.id, known.ends)
    const ends = { type: 'relates_to', sourceId: this.#pick(living), targetId: this.#pick(living) }
    const relation = { id: this.#newId(), ends }
    this.#relations.push(relation)
    return this.#event('relation.created', relation.id, ends)
  }

  #changeTags(): SynapEvent {
    const [tagId, name] = this.#pick([...this.#tags])
    const roll = this.#random()
    if (roll < 0.25) {
      const other = this.#text()
      this.#tags.set(tagId, other)
      return this.#event('tag.renamed', this.userId, { tagId, name: other, oldName: name })
    }
    const [intoId, intoName] = this.#pick([...this.#tags])
    if (roll < 0.45 || intoId === tagId) {
      return this.#event('tag.recolored', this.userId, { tagId, color: '#336699', oldColor: null })
    }
    this.#tags.delete(tagId)
    return this.#event('tag.merged', this.userId, { tagId, name, intoId, intoName })
  }

  #file(id: string) {
    const sha256 = sha256Hex(String(this.#random()))
    const key = `users/${this.userId}/notes/${id}.${sha256.slice(0, 16)}.md`
    return {
      key,
      sha256,
      size: 12,
      contentType: 'text/markdown',
      fileType: 'markdown',
      uploadedAt: 1_760_000_000_000,
    }
  }

  #text(): string {
    return `${this.#pick(words)} ${this.#pick(words)}`
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T
  }

  #event(type: EventType, aggregateId: string, delta: object): SynapEvent {
    const version = (this.#versions.get(aggregateId) ?? 0) + 1
    this.#versions.set(aggregateId, version)
    this.#sequence += 1
    return {
      type,
      id: this.#newId(),
      userId: this.userId,
      aggregateId,
      aggregateType: aggregateTypeOf(type),
      version,
      sequence: this.#sequence,
      occurredAt: 1_763_000_000_000 + this.#sequence * 1_000,
      source: 'api',
      correlationId: 'c'.repeat(32),
      causationId: null,
      actor: { kind: 'user', id: null },
      delta,
    } as unknown as SynapEvent
  }
}
