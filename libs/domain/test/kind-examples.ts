import {
  type EntityType,
  entityTypes,
  type KindEventType,
  type KindInputs,
  type KindName,
  kindAppliesTo,
  kindNames,
} from '@synap/contracts'
import type { EntityId } from '@synap/core'
import fc from 'fast-check'
import type { KindExample } from './kinds/kind-example.ts'
import * as kinds from './kinds.ts'
import { capture } from './streams.ts'
import type { Outcome, World } from './world.ts'

const examples: { readonly [Name in KindName]: KindExample<Name> } = kinds

/** Particulars of one type, or of several, as a request has them. */
export const kindInputs: fc.Arbitrary<KindInputs> = fc.record(
  Object.fromEntries(kindNames.map((name) => [name, examples[name].input])),
  { requiredKeys: [] },
)

type Lead = (send: (input: KindInputs[KindName]) => Outcome, world: World, entityId: EntityId) => Outcome

/** For each event of each type: makes an entity of the type and does to it what leads to the event. */
export function kindLeads(entityId: (world: World) => EntityId) {
  const leads = kindNames.flatMap((name) =>
    Object.entries(examples[name].leads).map(([type, lead]) => [
      type,
      (world: World): Outcome => {
        const id = entityId(world)
        world.run(capture({ entityId: id, type: typeFor(name), title: name, content: null, preview: null }))
        const send = (input: KindInputs[KindName]) =>
          world.run({ kind: 'patch', entityId: id, [name]: input })
        return (lead as Lead)(send, world, id)
      },
    ]),
  )
  return Object.fromEntries(leads) as { readonly [T in KindEventType]: (world: World) => Outcome }
}

/** A type of entity that may have it. */
function typeFor(name: KindName): EntityType {
  return entityTypes.find((type) => kindAppliesTo(name, type)) as EntityType
}
