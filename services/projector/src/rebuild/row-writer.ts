import { type Client, type CopyType, capabilitiesOf, createCopyRows, execute } from '@synap/postgres'
import { type Column, toRowSet } from '../sql/columns.ts'
import { entityTagColumns, tagsOf, taskColumns } from '../sql/details.ts'
import { entityColumns } from '../sql/entities.ts'
import { relationColumns } from '../sql/relations.ts'
import { settingsColumns } from '../sql/settings.ts'
import type { FoldSink, PurgedRow, TagRow } from './fold-user.ts'

/** Bytes of one table in memory at once; where they cannot be written as bytes, rows. */
const bufferedBytes = 524_288
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
  const { copy } = capabilitiesOf(client)
  const table = <Row>(name: (typeof foldedTables)[number], columns: readonly Column<Row>[]) =>
    copy ? copied(client, `${schema}.${name}`, columns) : inserted(client, `${schema}.${name}`, columns)
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

interface TableWriter<Row> {
  add: (row: Row) => void
  flush: (all: boolean) => Promise<void>
}

function copied<Row>(client: Client, table: string, columns: readonly Column<Row>[]): TableWriter<Row> {
  const rows = createCopyRows<Row>(
    columns.map(([name, type, value]) => ({ name, type: copyTypes[type] ?? wrongType(type), value })),
  )
  return {
    add: (row) => rows.add(row),
    async flush(all) {
      if (rows.bytes > 0 && (all || rows.bytes >= bufferedBytes)) await rows.write(client, table)
    },
  }
}

function inserted<Row>(client: Client, table: string, columns: readonly Column<Row>[]): TableWriter<Row> {
  let rows: Row[] = []
  return {
    add: (row) => void rows.push(row),
    async flush(all) {
      if (rows.length === 0 || (!all && rows.length < bufferedRows)) return
      const set = toRowSet(columns, rows)
      rows = []
      await execute(client, {
        text: `insert into ${table} (${set.names}) select ${set.names} from ${set.from}`,
        values: set.values,
      })
    },
  }
}

function wrongType(type: string): never {
  throw new TypeError(`COPY is not told how to write ${type}`)
}
