import { entityTypes, type FileReference, type KindName, kindAppliesTo, kindNames } from '@synap/contracts'
import { type EntityId, sha256Hex, uuidv5 } from '@synap/core'
import fc from 'fast-check'
import { analysisIdOf, type Command, relationIdOf, subjectHash } from '../src/index.ts'
import { kindInputs } from './kind-examples.ts'
import { capture, results } from './streams.ts'
import type { Outcome, World } from './world.ts'

/** Something that is done to the user `world`; `other` is whose things it may not touch. */
export interface Step {
  readonly name: string
  run(world: World, other: World): Outcome | undefined
}

const slots = 3
export const entityIdIn = (world: World, slot: number) => uuidv5(world.userId, `entity:${slot}`) as EntityId
const slot = fc.nat(slots - 1)
const words = fc.constantFrom('Home', ' home ', 'Café', 'errand', 'Work')
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

export function fileOf(text: string): FileReference {
  const sha256 = sha256Hex(text)
  const kind = { contentType: 'text/markdown', fileType: 'markdown' } as const
  return { key: `users/u/notes/${sha256.slice(0, 16)}.md`, sha256, size: text.length, ...kind, uploadedAt: 1 }
}

/** A step whose command is made from numbers and words when it is its turn. */
function step<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  command: (value: T, world: World, other: World) => Command | undefined,
  actor: 'user' | 'ai' = 'user',
): fc.Arbitrary<Step> {
  return arbitrary.map((value) => ({
    name: `${name} ${JSON.stringify(value)}`,
    run: (world, other) => {
      const made = command(value, world, other)
      return made === undefined ? undefined : world.run(made, actor)
    },
  }))
}

/** The types that have something of their own come up twice as often. */
const types = fc.constantFrom(
  ...entityTypes,
  ...entityTypes.filter((type) => kindNames.includes(type as KindName)),
)
const json = fc.oneof(
  fc.constantFrom(1, 'x', null, [1]),
  fc.dictionary(fc.constantFrom('p', 'q'), fc.constantFrom(1, 2, null), { maxKeys: 2 }),
)
const metadata = fc.dictionary(fc.constantFrom('a', 'b'), json, { maxKeys: 2 })

const captured = step(
  'capture',
  fc.record({
    slot,
    type: types,
    text: maybe(words),
    title: fc.option(words),
    tags: fc.array(words, { maxLength: 3 }),
  }),
  ({ slot, type, text, title, tags }, world) =>
    capture({
      entityId: entityIdIn(world, slot),
      userId: world.userId,
      type,
      title,
      content: text === undefined ? null : fileOf(text),
      preview: text ?? null,
      tags: tags.map((name) => ({ id: world.idOf(name), name })),
    }),
)

const patched = step(
  'patch',
  fc.record({ slot, title: fc.option(words), type: types, metadata }, { requiredKeys: ['slot'] }),
  ({ slot, ...patch }, world) => ({ kind: 'patch', entityId: entityIdIn(world, slot), ...patch }),
)

const detailed = step(
  'particulars',
  fc.record({ slot, inputs: kindInputs, asItIs: fc.boolean() }),
  ({ slot, inputs, asItIs }, world) => {
    const entityId = entityIdIn(world, slot)
    const type = world.entity(entityId)?.type
    // Those of its own type, or whatever they are: then mostly refused.
    const own = kindNames.filter((name) => !asItIs || (type !== undefined && kindAppliesTo(name, type)))
    const named = Object.fromEntries(own.flatMap((name) => (name in inputs ? [[name, inputs[name]]] : [])))
    return { kind: 'patch', entityId, ...named }
  },
)

const lifecycle = step(
  'lifecycle',
  fc.record({ slot, kind: fc.constantFrom('delete', 'delete', 'restore', 'restore', 'restore', 'purge') }),
  ({ slot, kind }, world) => ({ kind, entityId: entityIdIn(world, slot) }),
)

const content = step('content', fc.record({ slot, text: fc.option(words) }), ({ slot, text }, world) => ({
  kind: 'replaceContent',
  entityId: entityIdIn(world, slot),
  content: text === null ? null : fileOf(text),
  preview: text,
}))

const attachments = step(
  'attachment',
  fc.record({ slot, name: words, add: fc.boolean() }),
  ({ slot, name, add }, world) => {
    const entityId = entityIdIn(world, slot)
    const attachment = { ...fileOf(name), name }
    return add
      ? { kind: 'addAttachment', entityId, attachment }
      : { kind: 'removeAttachment', entityId, key: attachment.key }
  },
)

const tagged = step(
  'tag',
  fc.record({ slot, name: words, kind: fc.constantFrom('putTag', 'putTag', 'deleteTag') }),
  ({ slot, name, kind }, world) => {
    const tag = { id: world.idOf(name), name }
    return { kind, entityId: entityIdIn(world, slot), userId: world.userId, tag }
  },
)

const retagged = step(
  'change tag',
  fc.record({ of: words, name: maybe(words), color: maybe(fc.constantFrom('#112233', null)) }),
  ({ of, name, color }, world) => {
    const tagId = world.idOf(of)
    const holder = name === undefined ? undefined : world.holderOf(name)
    return {
      kind: 'changeTag',
      userId: world.userId,
      tagId,
      current: world.tags.get(tagId),
      name,
      color,
      holder,
    }
  },
)

const merged = step('merge tags', fc.record({ from: words, to: words }), ({ from, to }, world) => {
  const [tagId, intoId] = [world.idOf(from), world.idOf(to)]
  const [current, into] = [world.tags.get(tagId), world.tags.get(intoId)]
  return { kind: 'mergeTag', userId: world.userId, tagId, current, intoId, into }
})

const related = step(
  'relate',
  fc.record({
    from: slot,
    to: slot,
    foreign: fc.constantFrom(false, false, false, true),
    type: fc.constantFrom('relates_to', 'blocks'),
    remove: fc.boolean(),
  }),
  ({ from, to, foreign, type, remove }, world, other) => {
    const source = entityIdIn(world, from)
    const target = entityIdIn(foreign ? other : world, to)
    const relationId = relationIdOf(world.userId, type, source, target)
    return remove
      ? { kind: 'deleteRelation', relationId }
      : { kind: 'createRelation', relationId, type, source, target }
  },
)

const analysed = step(
  'analyse',
  fc.record({ slot, result: results, fails: fc.constantFrom(false, false, true) }),
  ({ slot, result, fails }, world) => {
    const entityId = entityIdIn(world, slot)
    const entity = world.entity(entityId)
    const contentHash = entity === undefined ? undefined : subjectHash(entity)
    if (entity === undefined || contentHash === undefined) return undefined
    const job = {
      kind: 'recordAnalysis',
      entityId,
      userId: world.userId,
      analysisId: analysisIdOf(entityId, contentHash, '1'),
      contentHash,
      enricherVersion: '1',
      run: 0,
      basedOnVersion: entity.version,
      model: 'synap-offline',
      promptVersion: '1',
      offline: true,
    } as const
    if (fails) return { ...job, outcome: 'failed', error: { code: 'model.refused', detail: null } }
    const tags = result.tags.map((tag) => ({ ...tag, id: world.idOf(tag.name) }))
    return { ...job, outcome: 'completed', result: { ...result, tags }, usage: null }
  },
  'ai',
)

const requested = step('enrich', slot, (slot, world) => {
  const entityId = entityIdIn(world, slot)
  const entity = world.entity(entityId)
  const hash = (entity === undefined ? undefined : subjectHash(entity)) ?? sha256Hex('')
  return {
    kind: 'requestAnalysis',
    entityId,
    analysisId: analysisIdOf(entityId, hash, '1'),
    enricherVersion: '1',
  }
})

const decided = step(
  'suggestion',
  fc.record({ slot, which: fc.nat(9), accept: fc.boolean() }),
  ({ slot, which, accept }, world) => {
    const entityId = entityIdIn(world, slot)
    const open = world.entity(entityId)?.suggestions ?? []
    const { field, value } = open[which % Math.max(open.length, 1)] ?? { field: 'title', value: 'none' }
    return accept
      ? {
          kind: 'acceptSuggestion',
          entityId,
          userId: world.userId,
          field,
          value,
          idOf: (name) => world.idOf(name),
        }
      : { kind: 'rejectSuggestion', entityId, field, value }
  },
)

const settings = step(
  'settings',
  fc.record(
    { timeZone: fc.constantFrom('Europe/Berlin', null), language: fc.constantFrom('de', null) },
    { requiredKeys: [] },
  ),
  (wanted, world) => ({ kind: 'changeSettings', userId: world.userId, ...wanted }),
)

const erased = step('erase', fc.nat(5), (n, world) =>
  n === 0 ? { kind: 'eraseUser', userId: world.userId } : undefined,
)

const undone: fc.Arbitrary<Step> = fc.nat().map((at) => ({
  name: `undo ${at}`,
  run: (world) => {
    const event = world.log[at % Math.max(world.log.length, 1)]
    return event === undefined ? undefined : world.undo(event)
  },
}))

/** Anything that a user, or AI for a user, can do. */
export const steps: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: captured, weight: 3 },
  { arbitrary: patched, weight: 4 },
  { arbitrary: detailed, weight: 4 },
  { arbitrary: lifecycle, weight: 3 },
  { arbitrary: content, weight: 2 },
  { arbitrary: attachments, weight: 2 },
  { arbitrary: tagged, weight: 4 },
  { arbitrary: retagged, weight: 2 },
  { arbitrary: merged, weight: 2 },
  { arbitrary: related, weight: 4 },
  { arbitrary: analysed, weight: 5 },
  { arbitrary: requested, weight: 1 },
  { arbitrary: decided, weight: 4 },
  { arbitrary: settings, weight: 2 },
  { arbitrary: undone, weight: 5 },
  { arbitrary: erased, weight: 1 },
)

/** Who of two users does what: both begin with something in every slot, and the first is the busier one. */
export const runs: fc.Arbitrary<readonly (readonly [number, Step])[]> = fc
  .tuple(
    fc.array(captured, { minLength: 2 * slots, maxLength: 2 * slots }),
    fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 1), steps), { minLength: 20, maxLength: 60, size: 'max' }),
  )
  .map(([first, rest]) => [...first.map((step, index) => [index % 2, step] as const), ...rest])
