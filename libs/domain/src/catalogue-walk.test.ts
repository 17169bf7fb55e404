import { type EventType, eventTypes, type JsonObject } from '@synap/contracts'
import type { RelationId, UserId } from '@synap/core'
import { describe, expect, it } from 'vitest'
import { kindLeads } from '../test/kind-examples.ts'
import { entityIdIn, fileOf } from '../test/steps.ts'
import { capture } from '../test/streams.ts'
import { type Outcome, World } from '../test/world.ts'
import {
  analysisIdOf,
  type CompletedAnalysis,
  type EntityState,
  type FoldEvent,
  relationIdOf,
  subjectHash,
  whyNotUndoable,
} from './index.ts'

const userId = '01890000-0000-7000-8000-0000000000b1' as UserId
const file = fileOf('Buy milk')
const attachment = { ...fileOf('tea'), name: 'tea.pdf' }

/** A user with a note about milk and a task about tea. */
function begin(): World {
  const world = new World(userId)
  const tags = [{ id: world.idOf('Home'), name: 'Home' }]
  world.run(capture({ entityId: milk(world), content: file, preview: 'Buy milk', tags }))
  world.run(capture({ entityId: tea(world), type: 'task', title: 'Tea', content: null, preview: null }))
  return world
}

const milk = (world: World) => entityIdIn(world, 0)
const tea = (world: World) => entityIdIn(world, 1)
const patch = (over: object) => (world: World) => world.run({ kind: 'patch', entityId: tea(world), ...over })
const lifecycle = (kind: 'delete' | 'restore' | 'purge') => (world: World) =>
  world.run({ kind, entityId: milk(world) })
const tag = (world: World, name: string) => {
  const id = world.idOf(name)
  return { id, current: world.tags.get(id) }
}

function analyse(
  world: World,
  result: CompletedAnalysis['result'] = { tags: [] },
  error?: { code: string; detail: null },
): Outcome {
  const entityId = milk(world)
  const entity = world.entity(entityId) as EntityState
  const contentHash = subjectHash(entity) ?? ''
  const job = {
    kind: 'recordAnalysis',
    entityId,
    analysisId: analysisIdOf(entityId, contentHash, '1'),
    contentHash,
    enricherVersion: '1',
    run: 0,
    basedOnVersion: entity.version,
    model: 'synap-offline',
    promptVersion: '1',
    offline: true,
  } as const
  return world.run(
    error === undefined
      ? { ...job, outcome: 'completed', result, usage: null }
      : { ...job, outcome: 'failed', error },
    'ai',
  )
}

const found = { title: { value: 'Milk', confidence: 0.9 }, tags: [] }
const unsure = { title: { value: 'Milk', confidence: 0.3 }, tags: [] }

const relate = (world: World) => {
  const relationId = relationIdOf(userId, 'blocks', milk(world), tea(world))
  return world.run({
    kind: 'createRelation',
    relationId,
    type: 'blocks',
    source: milk(world),
    target: tea(world),
  })
}

const changeTag = (over: { name?: string; color?: string }) => (world: World) => {
  const { id, current } = tag(world, 'Home')
  return world.run({ kind: 'changeTag', userId, tagId: id, current, ...over })
}

/** What a user does for each event that there is; the compiler asks for one that is missing. */
const leads: { readonly [T in EventType]: (world: World) => Outcome } = {
  'entity.created': (world) =>
    world.run(capture({ entityId: entityIdIn(world, 2), title: 'New', content: null, preview: null })),
  'entity.deleted': lifecycle('delete'),
  'entity.restored': (world) => {
    world.run({ kind: 'delete', entityId: milk(world) })
    return lifecycle('restore')(world)
  },
  'entity.purged': lifecycle('purge'),
  'entity.title_changed': patch({ title: 'Green tea' }),
  'entity.type_changed': patch({ type: 'idea' }),
  'entity.updated': patch({ metadata: { source: 'mail' } }),
  'entity.file_uploaded': (world) => {
    const content = fileOf('Buy oat milk')
    return world.run({ kind: 'replaceContent', entityId: milk(world), content, preview: 'Buy oat milk' })
  },
  'entity.file_deleted': (world) => {
    world.run({ kind: 'patch', entityId: milk(world), title: 'Milk' })
    return world.run({ kind: 'replaceContent', entityId: milk(world), content: null, preview: null })
  },
  'entity.attachment_added': (world) =>
    world.run({ kind: 'addAttachment', entityId: tea(world), attachment }),
  'entity.attachment_removed': (world) => {
    world.run({ kind: 'addAttachment', entityId: tea(world), attachment })
    return world.run({ kind: 'removeAttachment', entityId: tea(world), key: attachment.key })
  },
  'entity.tag_added': (world) => {
    const named = { id: world.idOf('errand'), name: 'errand' }
    return world.run({ kind: 'putTag', entityId: milk(world), userId, tag: named })
  },
  'entity.tag_removed': (world) => {
    const named = { id: world.idOf('home'), name: 'home' }
    return world.run({ kind: 'deleteTag', entityId: milk(world), userId, tag: named })
  },
  'entity.suggestion_rejected': (world) => {
    analyse(world, unsure)
    return world.run({ kind: 'rejectSuggestion', entityId: milk(world), field: 'title' })
  },
  ...kindLeads((world) => entityIdIn(world, 2)),
  'relation.created': relate,
  'relation.deleted': (world) => {
    relate(world)
    const relationId = relationIdOf(userId, 'blocks', milk(world), tea(world))
    return world.run({ kind: 'deleteRelation', relationId })
  },
  'tag.renamed': changeTag({ name: 'House' }),
  'tag.recolored': changeTag({ color: '#336699' }),
  'tag.merged': (world) => {
    const named = { id: world.idOf('errand'), name: 'errand' }
    world.run({ kind: 'putTag', entityId: tea(world), userId, tag: named })
    const [from, into] = [tag(world, 'errand'), tag(world, 'Home')]
    return world.run({
      kind: 'mergeTag',
      userId,
      tagId: from.id,
      current: from.current,
      intoId: into.id,
      into: into.current,
    })
  },
  'user.settings_changed': (world) =>
    world.run({ kind: 'changeSettings', userId, timeZone: 'Europe/Berlin' }),
  'user.erased': (world) => world.run({ kind: 'eraseUser', userId }),
  'ai.analysis_requested': (world) => {
    const analysisId = analysisIdOf(milk(world), file.sha256, '1')
    return world.run({ kind: 'requestAnalysis', entityId: milk(world), analysisId, enricherVersion: '1' })
  },
  'ai.analysis_completed': (world) => analyse(world, found),
  'ai.analysis_failed': (world) => analyse(world, found, { code: 'model.refused', detail: null }),
  'ai.enrichment_applied': (world) => analyse(world, found),
}

describe('a walk over the catalogue', () => {
  it.each(eventTypes)(
    'given %s, a command leads to it, and it can be undone or it is said why not',
    (type) => {
      const world = begin()
      expect(leads[type](world)).toMatchObject({ outcome: 'accepted' })
      const event = world.log.findLast((candidate) => candidate.type === type)
      expect(event).toBeDefined()
      if (event === undefined) return
      const undone = world.undo(event)
      const why = whyNotUndoable(type)
      expect(undone).toMatchObject(
        why === undefined
          ? { outcome: 'accepted' }
          : { outcome: 'refused', code: 'undo.not_undoable', message: why },
      )
      expect(why ?? 'A reason.').toMatch(/^[A-Z].{5,}\.$/)
    },
  )

  it('given suggestions, an accepted one is a value of the person, and a rejected one stays away', () => {
    const world = begin()
    analyse(world, unsure)
    const accept = { kind: 'acceptSuggestion', entityId: milk(world), userId, field: 'title' } as const
    expect(world.run({ ...accept, idOf: (name) => world.idOf(name) })).toMatchObject({ outcome: 'accepted' })
    expect(world.entity(milk(world))).toMatchObject({
      title: 'Milk',
      provenance: { title: { by: 'user' } },
      suggestions: [],
    })
    expect(world.run({ ...accept, idOf: (name) => world.idOf(name) })).toMatchObject({
      code: 'suggestion.not_found',
    })
  })

  it('given what it was as a task, it can be undone while it is one', () => {
    const world = begin()
    patch({ task: { due: '2026-11-22' } })(world)
    const due = world.log.at(-1) as FoldEvent
    patch({ type: 'idea' })(world)
    expect(world.undo(due)).toEqual({
      outcome: 'refused',
      code: 'entity.not_of_type',
      message: 'It is no task any more: make it one again, then undo this.',
    })
    patch({ type: 'task' })(world)
    expect(world.undo(due)).toMatchObject({ outcome: 'accepted' })
  })

  it('given a value that a person sets, it is not proposed any more', () => {
    const world = begin()
    const confidence = 0.3
    const due = { value: '2026-11-22', confidence }
    patch({ entityId: milk(world), type: 'task' })(world)
    analyse(world, { tags: [], due, priority: { value: 2, confidence } })
    expect(world.entity(milk(world))?.suggestions).toMatchObject([{ field: 'priority' }, { field: 'due' }])
    patch({ entityId: milk(world), task: { due: '2026-12-24' } })(world)
    expect(world.entity(milk(world))?.suggestions).toMatchObject([{ field: 'priority' }])
  })

  it('given a purged item, it is as unknown as one that never was', () => {
    const world = begin()
    lifecycle('purge')(world)
    for (const kind of ['delete', 'restore', 'purge'] as const) {
      expect(lifecycle(kind)(world)).toMatchObject({ code: 'entity.not_found' })
    }
    expect(world.run({ kind: 'patch', entityId: milk(world), title: 'x' })).toMatchObject({
      code: 'entity.not_found',
    })
  })

  it('given two suggested tags, which one is meant has to be said', () => {
    const world = begin()
    const suggested = ['dairy', 'shop'].map((name) => ({ id: world.idOf(name), name, confidence: 0.3 }))
    analyse(world, { tags: suggested })
    const reject = { kind: 'rejectSuggestion', entityId: milk(world), field: 'tag' } as const
    expect(world.run(reject)).toMatchObject({ code: 'suggestion.ambiguous' })
    expect(world.run({ ...reject, value: 'Dairy' })).toMatchObject({ outcome: 'accepted' })
    expect(world.entity(milk(world))?.suggestions).toMatchObject([{ value: 'shop' }])
  })

  it('given what AI made of a note, one undo takes all of it back, and the same analysis does not bring it again', () => {
    const world = begin()
    const result = {
      ...found,
      type: { value: 'task' as const, confidence: 0.9 },
      due: { value: '2026-11-22', confidence: 0.9 },
      summary: { value: 'To buy milk.', confidence: 0.9 },
      people: { value: ['Ana', 'Ben'], confidence: 0.9 },
      tags: [{ id: world.idOf('errand'), name: 'errand', confidence: 0.9 }],
    }
    analyse(world, result)
    const applied = world.log.at(-1)
    expect(world.entity(milk(world))).toMatchObject({
      type: 'task',
      title: 'Milk',
      people: ['Ana', 'Ben'],
      particulars: { task: { due: '2026-11-22' } },
    })
    expect(applied === undefined ? undefined : world.undo(applied)).toMatchObject({ outcome: 'accepted' })
    const plain = { type: 'note', title: null, summary: null, people: [], tags: [{ name: 'Home' }] }
    expect(world.entity(milk(world))).toMatchObject(plain)
    analyse(world, result)
    expect(world.entity(milk(world))).toMatchObject(plain)
  })

  it('given two tags that AI added and that were merged since, its undo takes the one that they are', () => {
    const world = begin()
    const [dairy, shop] = ['dairy', 'shop'].map((name) => ({ id: world.idOf(name), name, confidence: 0.9 }))
    if (dairy === undefined || shop === undefined) return
    analyse(world, { tags: [dairy, shop] })
    const applied = world.log.at(-1) as FoldEvent
    const [current, into] = [tag(world, 'dairy').current, tag(world, 'shop').current]
    world.run({ kind: 'mergeTag', userId, tagId: dairy.id, current, intoId: shop.id, into })
    expect(world.undo(applied)).toMatchObject({ outcome: 'accepted' })
    expect(world.entity(milk(world))?.tags).toMatchObject([{ name: 'Home' }])
  })

  it('given an end that changes meanwhile, the decision to connect names it among what it has read', () => {
    const world = begin()
    expect(relate(world)).toMatchObject({
      reads: [milk(world), tea(world)].sort().map((id) => ({ id, type: 'entity' })),
    })
    expect(relate(world)).toMatchObject({ code: 'relation.exists' })
    const relationId = '01890000-0000-7000-8000-00000000000f' as RelationId
    expect(
      world.run({
        kind: 'createRelation',
        relationId,
        type: 'blocks',
        source: milk(world),
        target: entityIdIn(world, 2),
      }),
    ).toMatchObject({
      code: 'relation.end_not_found',
      message: 'There is no entity with the id of the target.',
    })
  })

  it('given metadata that would grow too long, or an item that would have neither title nor content, it is refused', () => {
    const world = begin()
    const long = 'x'.repeat(9_000)
    expect(patch({ metadata: { a: long } })(world)).toMatchObject({ outcome: 'accepted' })
    expect(patch({ metadata: { b: long } })(world)).toMatchObject({ code: 'entity.metadata_invalid' })
    expect(patch({ title: null })(world)).toMatchObject({ code: 'entity.empty' })
    expect(patch({ metadata: { a: long } as JsonObject, title: 'Tea' })(world)).toEqual({
      outcome: 'unchanged',
    })
  })
})
