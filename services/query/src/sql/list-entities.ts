import type { ListOrder } from '@synap/contracts'
import { type Client, query, toTimestamptz } from '@synap/postgres'
import { comparableTag, type EntityRow, selectEntities } from './find-entities.ts'
import { findTextConfigs } from './find-text-configs.ts'

/** What search can be narrowed by. What is left out does not filter. Days are `YYYY-MM-DD`, instants milliseconds since 1970. */
export interface CommonFilter {
  types?: readonly string[] | undefined
  /** All of them. */
  tags?: readonly string[] | undefined
  /** One of them. */
  anyTags?: readonly string[] | undefined
  statuses?: readonly string[] | undefined
  dueBefore?: string | undefined
  dueAfter?: string | undefined
  createdBefore?: number | undefined
  createdAfter?: number | undefined
  updatedBefore?: number | undefined
  updatedAfter?: number | undefined
}

/** What lists can be narrowed by. */
export interface EntityFilter extends CommonFilter {
  text?: string | undefined
  relatedTo?: string | undefined
  relation?: string | undefined
}

/** The value that the list is sorted by, as text, and the id. */
export type ListKey = readonly [value: string, id: string]

export interface ListedRow extends EntityRow {
  sort_value: string
}

interface Sortable {
  expression: string
  /** The other way round, where that is another. */
  descending?: string
  type: string
}

const dueOr = (none: string) => `coalesce(case when e.type = 'task' then t.due_day end, '${none}'::date)`

const sortable: Record<string, Sortable> = {
  created: { expression: 'e.created_at', type: 'timestamptz' },
  updated: { expression: 'e.updated_at', type: 'timestamptz' },
  title: { expression: `lower(coalesce(e.title, e.preview, '')) collate "C"`, type: 'text' },
  // What has no day comes last both ways: who sorts by days asks for those that have one.
  due: { expression: dueOr('infinity'), descending: dueOr('-infinity'), type: 'date' },
}

/** In the order that is asked for; after `key` when one is given. */
export async function listEntities(
  client: Client,
  schema: string,
  filter: EntityFilter,
  page: { order: ListOrder; after: ListKey | undefined; limit: number },
): Promise<ListedRow[]> {
  const values: unknown[] = []
  const parameter = (value: unknown, type: string) => `$${values.push(value)}::${type}`
  const conditions = ['e.deleted_at is null', ...conditionsOf(schema, filter, parameter)]
  if (filter.text !== undefined) {
    const configs = parameter(await findTextConfigs(client, schema), 'text[]')
    conditions.push(`exists (
      select from ${schema}.entity_lexemes as l where l.entity_id = e.entity_id
        and l.lexemes @@ ${schema}.to_question(${parameter(filter.text, 'text')}, ${configs}))`)
  }
  const isDescending = page.order.startsWith('-')
  const { type, ...by } = sortable[page.order.replace('-', '')] as Sortable
  const expression = isDescending ? (by.descending ?? by.expression) : by.expression
  if (page.after !== undefined) {
    const [value, id] = page.after
    const than = isDescending ? '<' : '>'
    conditions.push(
      `(${expression}, e.entity_id) ${than} (${parameter(value, type)}, ${parameter(id, 'uuid')})`,
    )
  }
  const direction = isDescending ? 'desc' : 'asc'
  return query<ListedRow>(client, {
    text: `${selectEntities(schema, `${expression}::text as sort_value`)} where ${conditions.join(' and ')}
      order by ${expression} ${direction}, e.entity_id ${direction} limit ${parameter(page.limit, 'int')}`,
    values,
  })
}

/** Notes a value of the statement; answers how the text names it. */
export type Parameter = (value: unknown, type: string) => string

/** As conditions on `e`, the entity, and `t`, its task. */
export function conditionsOf(schema: string, filter: EntityFilter, parameter: Parameter): string[] {
  const conditions: string[] = []
  const and = (value: unknown, type: string, condition: (of: string) => string) => {
    if (value !== undefined) conditions.push(condition(parameter(value, type)))
  }
  const instant = (ms: number | undefined) => (ms === undefined ? undefined : toTimestamptz(ms))
  const tagged = (of: string) => `
    select from ${schema}.entity_tags as et join ${schema}.tags using (tag_id)
    where et.entity_id = e.entity_id and lower(tags.name) = ${of}`
  and(filter.types, 'text[]', (of) => `e.type = any(${of})`)
  for (const name of filter.tags ?? []) and(comparableTag(name), 'text', (of) => `exists (${tagged(of)})`)
  and(filter.anyTags?.map(comparableTag), 'text[]', (of) => `exists (${tagged(`any(${of})`)})`)
  and(filter.statuses, 'text[]', (of) => `e.type = 'task' and t.status = any(${of})`)
  and(filter.dueBefore, 'date', (of) => `e.type = 'task' and t.due_day < ${of}`)
  and(filter.dueAfter, 'date', (of) => `e.type = 'task' and t.due_day > ${of}`)
  and(instant(filter.createdBefore), 'timestamptz', (of) => `e.created_at < ${of}`)
  and(instant(filter.createdAfter), 'timestamptz', (of) => `e.created_at > ${of}`)
  and(instant(filter.updatedBefore), 'timestamptz', (of) => `e.updated_at < ${of}`)
  and(instant(filter.updatedAfter), 'timestamptz', (of) => `e.updated_at > ${of}`)
  conditions.push(...relationCondition(schema, filter, parameter))
  return conditions
}

function relationCondition(
  schema: string,
  { relatedTo, relation }: EntityFilter,
  parameter: Parameter,
): string[] {
  if (relatedTo === undefined && relation === undefined) return []
  const ends =
    relatedTo === undefined
      ? 'e.entity_id in (r.source_id, r.target_id)'
      : ((of: string) =>
          `((r.source_id = e.entity_id and r.target_id = ${of}) or (r.target_id = e.entity_id and r.source_id = ${of}))`)(
          parameter(relatedTo, 'uuid'),
        )
  const type = relation === undefined ? '' : ` and r.type = ${parameter(relation, 'text')}`
  return [`exists (select from ${schema}.relations as r where not r.deleted and ${ends}${type})`]
}
