import { type Client, type CopyType, capabilitiesOf, copyBinary, execute } from '@synap/postgres'
import { type Column, toRowSet } from '../sql/columns.ts'
import { entityTagColumns, tagsOf, taskColumns } from '../sql/details.ts'
import { entityColumns } from '../sql/entities.ts'
import { relationColumns } from '../sql/relations.ts'
import { settingsColumns } from '../sql/settings.ts'
import type { FoldSink, PurgedRow, TagRow } from './fold-user.ts'

/** Rows of one table in memory at once. */
const bufferedRows = 4_000

const tagColumns: readonly Column<TagRow>[] = [
  ['tag_id', 'uuid', (tag) => tag.tagId],
  ['user_id', 'uuid', (tag) => tag.userId],
  ['name', 'text', (tag) => tag.name],
  ['color', 'text', (tag) => tag.color],
  ['name_sequence', 'bigint', (tag) => tag.nameSequence],
  ['color_sequence', 'bigint', (tag) => tag.colorSequence],
]

const purgedColumns: readonly Column<PurgedRow>[] = [
  ['subject_id', 'uuid', (row) => row.subjectId],
  ['user_id', 'uuid', (row) => row.userId],
  ['sequence', 'bigint', (row) => row.sequence],
]

/** The tables that the fold of events fills. All others hold what is derived, or belong to the inbox. */
export const foldedTables = [
  'entities',
  'task_details',
  'entity_tags',
  'tags',
  'relations',
  'user_settings',
  'purged',
] as const

export interface RowWriter {
  sink: FoldSink
  /** Writes what has gathered, when it is much or `all` is asked for. */
  flush: (all: boolean) => Promise<void>
}

/**
 * Takes the rows of a fold and writes them with COPY, where the database has it, into tables without indexes: each row
 * is final, and comes once.
 */
export function createRowWriter(client: Client, schema: string): RowWriter {
  const table = <Row>(name: (typeof foldedTables)[number], columns: readonly Column<Row>[]) => {
    let rows: Row[] = []
    return {
      add: (row: Row) => void rows.push(row),
      async flush(all: boolean) {
        if (rows.length === 0 || (!all && rows.length < bufferedRows)) return
        const written = rows
        rows = []
        await writeRows(client, `${schema}.${name}`, columns, written)
      },
    }
  }
  const entities = table('entities', entityColumns)
  const tasks = table('task_details', taskColumns)
  const entityTags = table('entity_tags', entityTagColumns)
  const tags = table('tags', tagColumns)
  const relations = table('relations', relationColumns)
  const settings = table('user_settings', settingsColumns)
  const purged = table('purged', purgedColumns)
  const all = [entities, tasks, entityTags, tags, relations, settings, purged]
  return {
    sink: {
      entity(entity) {
        entities.add(entity)
        if (entity.state.particulars.task !== undefined) tasks.add(entity)
        if (entity.state.tags.length > 0) for (const tag of tagsOf([entity])) entityTags.add(tag)
      },
      relation: relations.add,
      settings: settings.add,
      tag: tags.add,
      purged: purged.add,
    },
    async flush(isLast) {
      for (const one of all) await one.flush(isLast)
    },
  }
}

const copyTypes: Readonly<Record<string, CopyType>> = {
  uuid: 'uuid',
  text: 'text',
  int: 'int4',
  smallint: 'int2',
  bigint: 'int8',
  bool: 'bool',
  date: 'date',
  timestamptz: 'timestamptz',
  jsonb: 'jsonb',
}

async function writeRows<Row>(
  client: Client,
  table: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Promise<void> {
  if (capabilitiesOf(client).copy) {
    const target = columns.map(([name, type]) => ({ name, type: copyTypes[type] ?? wrongType(type) }))
    await copyBinary(client, table, target, valuesOf(columns, rows))
    return
  }
  const set = toRowSet(columns, rows)
  await execute(client, {
    text: `insert into ${table} (${set.names}) select ${set.names} from ${set.from}`,
    values: set.values,
  })
}

function* valuesOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Generator<unknown[]> {
  for (const row of rows) yield columns.map(([, , value]) => value(row))
}

function wrongType(type: string): never {
  throw new TypeError(`COPY is not told how to write ${type}`)
}
