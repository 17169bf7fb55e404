import type { SynapEvent } from '@synap/contracts'
import { type EntityId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import { createPool, type Pool, query, transaction } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chosen, embedded, extracted } from '../test/derived-records.ts'
import { createRandom, RandomUser } from '../test/random-events.ts'
import { projectDerived } from './project-derived.ts'
import { projectEvents } from './project-events.ts'

/** Relations that query may read, with what it needs of them; everything else must be denied. */
const readable = [
  'entities',
  'task_details',
  'tags',
  'entity_tags',
  'relations',
  'user_settings',
  'entity_texts',
  'entity_vectors',
  'user_models',
  'chosen_models',
  'entity_lexemes',
  'entity_links',
  'unsearchable',
  // The same rows once more, by their ids.
  'own_entities',
  'own_entity_tags',
  'own_entity_texts',
  'own_entity_vectors',
  'own_relations',
  'own_tags',
  'own_task_details',
]

describe('row security of the read model', () => {
  let database: TestDatabase
  let pool: Pool
  const anna = new RandomUser(createRandom(1))
  const entityId = uuidv7() as EntityId
  const stranger = uuidv7() as UserId

  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test', max: 2 })
    const file = { key: 'users/a/notes/x.md', sha256: sha256Hex('x'), size: 1, contentType: 'text/markdown' }
    const events: SynapEvent[] = [
      anna.event('entity.created', entityId, { type: 'task', title: 'canary', timeZone: null }),
      anna.event('entity.file_uploaded', entityId, {
        file: { ...file, fileType: 'markdown', uploadedAt: 1_760_000_000_000 },
        oldFile: null,
        oldPreview: null,
        preview: 'canary',
      }),
      anna.event('entity.tag_added', entityId, { tagId: uuidv7(), name: 'canary' }),
      anna.event('relation.created', uuidv7(), {
        type: 'relates_to',
        sourceId: entityId,
        targetId: entityId,
      }),
      anna.event('user.settings_changed', anna.userId, {
        timeZone: 'Europe/Berlin',
        oldTimeZone: null,
        language: 'de',
        oldLanguage: null,
      }),
    ]
    // one whose content nothing is known of yet
    const waiting = uuidv7()
    events.push(
      anna.event('entity.created', waiting, { type: 'note', title: null, timeZone: null }),
      anna.event('entity.file_uploaded', waiting, {
        file: { ...file, fileType: 'markdown', uploadedAt: 1_760_000_000_000 },
        oldFile: null,
        oldPreview: null,
        preview: 'x',
      }),
    )
    const subject = { userId: anna.userId, entityId, contentHash: sha256Hex('x') }
    await transaction(pool, { role: 'synap_projector' }, async (client) => {
      await projectEvents(client, 'read_v1', events)
      await projectDerived(client, 'read_v1', [
        extracted(subject, 'canary', { links: ['[[canary]]'] }),
        embedded(subject, [0]),
        chosen(anna.userId, 'test-model'),
      ])
      await query(client, {
        text: `insert into read_v1.parked (user_id, aggregate_id, sequence, version, reason, slot)
          values ($1, $2, 99, 9, 'undecodable', true)`,
        values: [anna.userId, entityId],
      })
    })
  })
  afterAll(async () => {
    await pool.end()
    await database.close()
  })

  const readAs = <T = object>(userId: UserId | undefined, text: string, values: unknown[] = []) =>
    transaction(pool, { role: 'synap_query', ...(userId === undefined ? {} : { userId }) }, (client) =>
      query<T>(client, { text, values }),
    )

  it.each(readable)('given %s, the owner of rows sees them, nobody else does', async (table) => {
    const text = `select count(*)::int as rows from read_v1.${table}`
    const [own] = await readAs<{ rows: number }>(anna.userId, text)
    expect(own?.rows).toBeGreaterThan(0)
    expect(await readAs(stranger, text)).toEqual([{ rows: 0 }])
    expect(await readAs(undefined, text)).toEqual([{ rows: 0 }])
  })

  it('given the functions, they show the rows of the asking user only', async () => {
    const functions = [
      `select 1 from read_v1.match_words('canary', array['english'], null, 10)`,
      `select 1 from read_v1.item_status('${entityId}') where version is not null or parked > 0`,
      `select 1 from read_v1.parked_of_user()`,
    ]
    for (const text of functions) {
      expect(await readAs(anna.userId, text)).toHaveLength(1)
      expect(await readAs(stranger, text)).toHaveLength(0)
      expect(await readAs(undefined, text)).toHaveLength(0)
    }
  })

  it('given the setting of one transaction, the next one on the same connection does not have it', async () => {
    const alone = createPool({ url: database.url, applicationName: 'test', max: 1 })
    try {
      const count = 'select count(*)::int as rows from read_v1.entities'
      const as = (userId?: UserId) =>
        transaction(alone, { role: 'synap_query', ...(userId === undefined ? {} : { userId }) }, (client) =>
          query<{ rows: number }>(client, { text: count }),
        )
      expect(await as(anna.userId)).toEqual([{ rows: 2 }])
      expect(await as()).toEqual([{ rows: 0 }])
    } finally {
      await alone.end()
    }
  })

  it.each(['positions', 'user_positions', 'parked', 'purged'])(
    'given %s, query may not read it',
    async (table) => {
      await expect(readAs(anna.userId, `select from read_v1.${table}`)).rejects.toMatchObject({
        code: 'postgres.denied',
      })
    },
  )

  it('given query, it owns nothing, may write nothing and may become nobody else', async () => {
    const owned = `select relname from pg_class where pg_get_userbyid(relowner) = 'synap_query';`
    expect(await database.superuserSql(owned)).toEqual([])
    for (const text of [
      `delete from read_v1.entities`,
      `update read_v1.entities set user_id = '${stranger}'`,
      `insert into read_v1.purged values ('${stranger}', '${stranger}', 1)`,
      `update read_meta.read_active set n = 2`,
      `select read_v1.mark_parked(array[1], 'discard')`,
    ]) {
      await expect(readAs(anna.userId, text)).rejects.toMatchObject({ code: 'postgres.denied' })
    }
  })

  it('given a table with a user in it, it has row security; a new one cannot be forgotten', async () => {
    const open = await database.superuserSql(
      `select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'read_v1' and c.relkind in ('r', 'p') and not c.relrowsecurity
         and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id');`,
    )
    expect(open).toEqual([])
    const granted = await database.superuserSql(
      `select table_name from information_schema.role_table_grants
       where grantee = 'synap_query' and table_schema = 'read_v1' order by 1;`,
    )
    expect(granted).toEqual([...readable].sort())
  })

  it('given a view of one’s own rows, it shows every column of its table; a new one cannot be forgotten', async () => {
    const columnsOf = (name: string) => `
      select array_agg(a.attname order by a.attname) from pg_attribute a
      where a.attrelid = 'read_v1.${name}'::regclass and a.attnum > 0 and not a.attisdropped`
    for (const view of readable.filter((name) => name.startsWith('own_'))) {
      const [columns] = await database.superuserSql(columnsOf(view))
      expect(columns).toContain('user_id')
      expect(columns).toEqual((await database.superuserSql(columnsOf(view.replace('own_', ''))))[0])
    }
  })

  it('given a security definer function, its search path is fixed and nobody is granted it by default', async () => {
    const loose = await database.superuserSql(
      `select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname = 'read_v1' and p.prosecdef
         and (p.proconfig is null or not exists (select from unnest(p.proconfig) c where c like 'search_path=%')
           or has_function_privilege('synap_enricher', p.oid, 'execute'));`,
    )
    expect(loose).toEqual([])
  })
})
