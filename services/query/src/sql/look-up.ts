/** Tables whose rows are looked up by their ids. */
type Table =
  | 'entities'
  | 'entity_tags'
  | 'entity_texts'
  | 'entity_vectors'
  | 'relations'
  | 'tags'
  | 'task_details'

/**
 * Joins the user's row of a table that a condition on its key finds, as `as`; `left` before it, if it need not be there. Whoever a
 * plan was made for, and when, it reads nothing else: the view hides the indexes by user from it, and `offset 0` has each be looked
 * up by itself.
 */
export const lookUp = (schema: string, table: Table, as: string, condition: string, columns = '*'): string =>
  `join lateral (select ${columns} from ${schema}.own_${table} as ${as} where ${condition} offset 0) as ${as} on true`

/**
 * It is not deleted. Written as `deleted_at is null`, it would be answered by the index of living entities, which is read as a whole
 * where it looks small.
 */
export const isLiving = (entity: string): string => `coalesce(${entity}.deleted_at, 'infinity') = 'infinity'`

/** The tag of `et`, a row of `own_entity_tags`. */
export const tagOf = (schema: string): string => lookUp(schema, 'tags', 'tags', 'tags.tag_id = et.tag_id')
