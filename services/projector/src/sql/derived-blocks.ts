import { type Embedded, type Extracted, unpackFloat16 } from '@synap/contracts'
import { type Client, execute, query, toVector } from '@synap/postgres'
import type { BlockRemoval } from '../fold-derived.ts'
import { type Column, toRowSet } from './columns.ts'
import { isRemoved, removalColumns } from './removals.ts'

/** Vectors more or less, of one model of one user. */
export interface ModelChange {
  user_id: string
  model: string
  vectors: number
}

/** An extraction with the text that its words are taken from. */
export interface ReadText {
  block: Extracted
  /** Null: there is none, or this is not block 0. */
  body: string | null
}

/** Answers how many vectors each user lost. */
export async function deleteVectorBlocks(
  client: Client,
  schema: string,
  removals: readonly BlockRemoval[],
): Promise<ModelChange[]> {
  const set = toRowSet(removalColumns, removals)
  return query<ModelChange>(client, {
    name: `${schema}.delete_vector_blocks`,
    text: `
      with gone as (
        delete from ${schema}.entity_vectors as v using ${set.from} where ${isRemoved('v')}
        returning v.user_id, v.model
      )
      select user_id, model, -count(*) as vectors from gone group by user_id, model`,
    values: set.values,
  })
}

export async function deleteTextBlocks(
  client: Client,
  schema: string,
  removals: readonly BlockRemoval[],
): Promise<void> {
  const set = toRowSet(removalColumns, removals)
  await execute(client, {
    name: `${schema}.delete_text_blocks`,
    text: `delete from ${schema}.entity_texts as t using ${set.from} where ${isRemoved('t')}`,
    values: set.values,
  })
}

export interface VectorRow {
  block: Embedded
  vector: Embedded['vectors'][number]
}

const vectorColumns: readonly Column<VectorRow>[] = [
  ['entity_id', 'uuid', ({ block }) => block.entityId],
  ['content_sha256', 'text', ({ block }) => block.contentHash],
  ['producer', 'text', ({ block }) => block.producer],
  ['block', 'int', ({ block }) => block.block],
  ['user_id', 'uuid', ({ block }) => block.userId],
  ['model', 'text', ({ block }) => block.model],
  ['chunk', 'int', ({ vector }) => vector.chunk],
  ['char_start', 'int', ({ vector }) => vector.start],
  ['char_end', 'int', ({ vector }) => vector.end],
  ['embedding', 'public.halfvec', ({ vector }) => toVector(unpackFloat16(vector.values))],
]

/** The rows of blocks, one for each vector. */
export function vectorRowsOf(blocks: readonly Embedded[]): VectorRow[] {
  return blocks.flatMap((block) => block.vectors.map((vector) => ({ block, vector })))
}

/** The blocks' old rows are gone already. Answers how many vectors each user won. */
export async function insertVectors(
  client: Client,
  schema: string,
  rows: readonly VectorRow[],
): Promise<ModelChange[]> {
  const set = toRowSet(vectorColumns, rows)
  return query<ModelChange>(client, {
    name: `${schema}.insert_vectors`,
    text: `
      with added as (
        insert into ${schema}.entity_vectors (${set.names}) select ${set.names} from ${set.from}
        returning user_id, model
      )
      select user_id, model, count(*) as vectors from added group by user_id, model`,
    values: set.values,
  })
}

const textColumns: readonly Column<ReadText>[] = [
  ['entity_id', 'uuid', ({ block }) => block.entityId],
  ['content_sha256', 'text', ({ block }) => block.contentHash],
  ['producer', 'text', ({ block }) => block.producer],
  ['block', 'int', ({ block }) => block.block],
  ['block_count', 'int', ({ block }) => block.blockCount],
  ['user_id', 'uuid', ({ block }) => block.userId],
  ['text_key', 'text', ({ block }) => block.textKey],
  ['language', 'text', ({ block }) => block.language],
  ['links', 'jsonb', ({ block }) => block.links],
  ['chunks', 'jsonb', ({ block }) => block.chunks],
  ['analysable', 'bool', ({ block }) => block.analysable],
  ['reason', 'text', ({ block }) => block.reason],
  ['body', 'text', ({ body }) => body],
]

/** The blocks' old rows are gone already. The words are taken here; the text itself is not kept. */
export async function insertTextBlocks(
  client: Client,
  schema: string,
  texts: readonly ReadText[],
): Promise<void> {
  const set = toRowSet(textColumns, texts)
  await execute(client, {
    name: `${schema}.insert_text_blocks`,
    text: `
      insert into ${schema}.entity_texts (entity_id, content_sha256, producer, block, block_count, user_id, text_key,
        language, config, links, chunks, analysable, reason, lexemes)
      select entity_id, content_sha256, producer, block, block_count, user_id, text_key, language,
        ${schema}.text_config(language), links, chunks, analysable, reason,
        case when body is not null then ${schema}.to_lexemes(${schema}.text_config(language), body, 'C') end
      from ${set.from}`,
    values: set.values,
  })
}

const changeColumns: readonly Column<ModelChange>[] = [
  ['user_id', 'uuid', (change) => change.user_id],
  ['model', 'text', (change) => change.model],
  ['vectors', 'bigint', (change) => change.vectors],
]

/** Keeps the count of a user's vectors of each model; a model without vectors has no row. */
export async function updateUserModels(
  client: Client,
  schema: string,
  changes: readonly ModelChange[],
): Promise<void> {
  const set = toRowSet(changeColumns, changes)
  await execute(client, {
    name: `${schema}.update_user_models`,
    text: `
      insert into ${schema}.user_models as m (user_id, model, vectors)
      select user_id, model, sum(vectors) from ${set.from} group by user_id, model order by user_id, model
      on conflict (user_id, model) do update set vectors = m.vectors + excluded.vectors`,
    values: set.values,
  })
  if (!changes.some((change) => change.vectors < 0)) return
  await execute(client, {
    name: `${schema}.delete_unused_models`,
    text: `delete from ${schema}.user_models where user_id = any($1::uuid[]) and vectors = 0`,
    values: [[...new Set(changes.map((change) => change.user_id))]],
  })
}
