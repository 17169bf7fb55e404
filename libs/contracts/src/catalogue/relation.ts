import type { EntityId } from '@synap/core'
import { defineEvents } from '../event/define-event.ts'
import { uuid, vocabulary } from '../event/field.ts'
import { relationTypes } from '../vocabularies.ts'

const ends = {
  type: vocabulary('contains, relates_to, blocks, duplicates, mentions or derived_from.', relationTypes),
  sourceId: uuid<EntityId>('The entity it starts from.'),
  targetId: uuid<EntityId>('The entity it points to.'),
}

export const relationEvents = defineEvents({
  'relation.created': {
    aggregate: 'relation',
    doc: 'Two entities are connected.',
    text: 'more',
    fields: ends,
  },
  'relation.deleted': {
    aggregate: 'relation',
    doc: 'A connection was taken away; it says which, so that it can be put back.',
    text: 'more',
    fields: ends,
  },
})
