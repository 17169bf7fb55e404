import { createHash } from 'node:crypto'
import { type UserId, uuidToBytes } from '@synap/core'
import type { TestDatabase } from '@synap/testing'

/** Items of the user who has many. */
export const many = 4_000

/** Id of one of the user's things, from 1 on. */
export function idOf(user: UserId, kind: 'item' | 'tag' | 'relation', number: number): string {
  const hex = createHash('md5').update(`${kind}${user}${number}`).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The same as 16 bytes each. */
export const bytesOf = (ids: readonly string[]): Buffer => Buffer.concat(ids.map(uuidToBytes))

/** Gives a user `many` items: each with text, words, two tags, a vector, a relation and a link to the next; each fifth a task. */
export async function seedMany(database: TestDatabase, user: UserId): Promise<void> {
  const id = (kind: string, number: string) => `md5('${kind}${user}' || ${number})::uuid`
  const insert = (table: string, columns: string, rows: string) =>
    `insert into read_v1.${table} (${columns}) select ${rows};`
  const each = `from generate_series(1, ${many}) as n`
  const next = `(n % ${many} + 1)`
  await database.superuserSql(
    [
      insert(
        'entities',
        `entity_id, user_id, type, title, preview, subject_sha256, attachments, metadata, provenance, suggestions, rejected,
         version, sequence, created_at, updated_at`,
        `${id('item', 'n')}, '${user}', case when n % 5 = 0 then 'task' else 'note' end, 'Title ' || n, 'one word' || n,
         repeat('a', 64), '[]', '{}', '{}', '[]', '[]', 1, n, now() - n * interval '1 minute', now() ${each}`,
      ),
      insert(
        'tags',
        'tag_id, user_id, name, name_sequence',
        `${id('tag', 'n')}, '${user}', 'tag' || n, 1 from generate_series(1, 400) as n`,
      ),
      insert(
        'entity_tags',
        'entity_id, tag_id, user_id, provenance',
        `${id('item', 'n')}, ${id('tag', '(1 + (n + more) % 400)')}, '${user}', '{}' ${each}, generate_series(0, 1) as more`,
      ),
      insert(
        'task_details',
        'entity_id, user_id, status, priority, due_day',
        `${id('item', 'n')}, '${user}', 'todo', 0, current_date + n ${each} where n % 5 = 0`,
      ),
      insert(
        'entity_texts',
        `entity_id, content_sha256, producer, block, block_count, user_id, text_key, language, config, links, chunks,
         analysable`,
        `${id('item', 'n')}, repeat('a', 64), 'extract@1', 0, 1, '${user}', 'key', 'en', 'english', '[]',
         '[{"index":0,"start":0,"end":5,"byteStart":0,"byteEnd":5}]', true ${each}`,
      ),
      insert(
        'entity_lexemes',
        'entity_id, user_id, config, lexemes, names',
        `${id('item', 'n')}, '${user}', 'english', to_tsvector('simple', 'one word' || n), '' ${each}`,
      ),
      insert(
        'relations',
        'relation_id, user_id, type, source_id, target_id, version, sequence, created_at, updated_at, deleted',
        `${id('relation', 'n')}, '${user}', 'relates_to', ${id('item', 'n')}, ${id('item', next)}, 1, n, now(), now(), false
         ${each}`,
      ),
      insert(
        'entity_links',
        'entity_id, content_sha256, producer, block, position, user_id, kind, target, name',
        `${id('item', 'n')}, repeat('a', 64), 'extract@1', 0, 0, '${user}', 'wiki', 'x', 'title ' || ${next} ${each}`,
      ),
      insert(
        'entity_vectors',
        'entity_id, content_sha256, producer, block, chunk, user_id, model, char_start, char_end, embedding',
        `${id('item', 'n')}, repeat('a', 64), 'm@1', 0, 0, '${user}', 'm', 0, 5, v.one
         ${each}, (select ('[' || string_agg('1', ',') || ']')::public.halfvec as one from generate_series(1, 1536)) as v`,
      ),
    ].join('\n'),
  )
}
