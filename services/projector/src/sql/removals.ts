import type { BlockRemoval } from '../fold-derived.ts'
import type { Column } from './columns.ts'

export const removalColumns: readonly Column<BlockRemoval>[] = [
  ['entity_id', 'uuid', (one) => one.entityId],
  ['content_sha256', 'text', (one) => one.contentHash],
  ['producer', 'text', (one) => one.producer],
  ['block', 'int', (one) => one.block],
  ['tail', 'bool', (one) => one.tail],
  ['user_id', 'uuid', (one) => one.userId],
]

/** True for the rows of a removal `r`. */
export const isRemoved = (table: string) => `
  ${table}.entity_id = r.entity_id and ${table}.content_sha256 = r.content_sha256 and ${table}.producer = r.producer
  and ${table}.user_id = r.user_id and (${table}.block = r.block or (r.tail and ${table}.block > r.block))`
