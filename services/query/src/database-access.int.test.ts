import { type EntityId, errorClass, type UserId, uuidv7 } from '@synap/core'
import { query as run, transaction } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seedEntity, seedRelation } from '../test/seed.ts'
import { seedEvents } from '../test/seed-events.ts'
import { seedWritten } from '../test/seed-status.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

/** Every schema of ours, and the one in which Timescale keeps the chunks of the log. */
const ours = `n.nspname !~ '^pg_|^information_schema$|^public$|^timescaledb|^_timescaledb_(cache|catalog|config|debug|functions)$'`
/** Sequences of users whom the caller names itself: numbers, no more. */
const numbersOnly = ['positions_of', 'settled_of']

const me = `( SELECT (NULLIF(current_setting(''synap.user_id''::text, true), ''''::text))::uuid AS "nullif")`
/** The view has the rows of the user and no other condition, and no condition from outside is held against a row before. */
const isBarrier = `c.relkind = 'v' and 'security_barrier=true' = any (c.reloptions)
  and c.reloptions::text !~ 'security_invoker' and pg_get_viewdef(c.oid) !~ '\\m(UNION|INTERSECT|EXCEPT)\\M'
  and rtrim(split_part(split_part(pg_get_viewdef(c.oid), E'\\n  WHERE ', 2), E'\\n', 1), ';')
    in ('(user_id = ${me})', '(NOT (user_id IS DISTINCT FROM ${me}))')`

interface PublishedFunction {
  schema: string
  name: string
  types: string[]
  definer: boolean
  fixedPath: boolean
  roles: string[]
}

describe('what a role may do in the database', () => {
  const [anna, bert, carl] = [uuidv7() as UserId, uuidv7() as UserId, uuidv7() as UserId]
  const canary = 'canaryword'
  const id = uuidv7() as EntityId
  let query: TestQuery
  let functions: PublishedFunction[] = []

  beforeAll(async () => {
    query = await startQuery()
    // one id leads to everything of hers
    const vectors = [new Float32Array(1_536).fill(1)]
    const own = { text: canary, title: canary, tags: [canary], type: 'task', task: {}, vectors }
    await seedEntity(query.pool, { userId: anna, sequence: 1, id, ...own })
    await seedRelation(query.pool, { userId: anna, id, source: id, target: id })
    await seedWritten(query.database, { userId: anna, id, version: 1, sequence: 1, sha256: null })
    const delta = { type: 'task', title: canary }
    await seedEvents(query.pool, anna, [{ id, aggregateId: id, delta, causationId: id }])
    await seedEvents(query.pool, carl, [{}])
    const others = { ...own, text: 'tea', title: 'tea', tags: ['tea'] }
    const other = await seedEntity(query.pool, { userId: carl, sequence: 1, ...others })
    await seedRelation(query.pool, { userId: carl, source: other, target: other })
    // The names in a body of the form `return …` are looked up once, when it is made: no path is searched later.
    functions = await asOwner<PublishedFunction>(`
      select n.nspname as schema, p.proname as name, p.prosecdef as definer,
        coalesce(p.proconfig::text like '%search_path=%', false) or p.prosqlbody is not null as "fixedPath",
        array(select format_type(t, null) from unnest(p.proargtypes) with ordinality as a(t, i) order by i) as types,
        array(select r.rolname::text from pg_roles r where r.rolname like 'synap\\_%' and r.oid <> p.proowner
          and has_function_privilege(r.oid, p.oid, 'execute') order by 1) as roles
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where ${ours} and n.nspname !~ 'timescaledb' order by 1, 2`)
  })
  afterAll(() => query.close())

  const asOwner = <T extends object>(text: string) =>
    transaction(query.pool, { role: 'synap_operator' }, (client) => run<T>(client, { text, values: [] }))
  const asQuery = <T extends object>(userId: UserId | undefined, text: string) =>
    transaction(query.pool, { role: 'synap_query', ...(userId === undefined ? {} : { userId }) }, (client) =>
      run<T>(client, { text, values: [] }),
    )

  // Roles belong to the whole server, on which other tests make that of the local log.
  const ourRoles = `r.rolname like 'synap\\_%' and r.rolname <> 'synap_local'`

  it('given the catalogue, no service owns more than its schema, logs in, or is above row security', async () => {
    const roles = await asOwner<{ role: string; over: boolean; schemas: string[] }>(`
      select r.rolname::text as role, r.rolsuper or r.rolbypassrls or r.rolcanlogin as over,
        array(select distinct n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relowner = r.oid and ${ours} and n.nspname !~ 'timescaledb' order by 1) as schemas
      from pg_roles r where ${ourRoles} order by 1`)
    expect(roles).toEqual([
      { role: 'synap_enricher', over: false, schemas: ['enrich'] },
      { role: 'synap_events_writer', over: false, schemas: ['log'] },
      { role: 'synap_ingest', over: false, schemas: ['write'] },
      { role: 'synap_operator', over: false, schemas: [] },
      { role: 'synap_projector', over: false, schemas: ['read_meta', 'read_v1'] },
      { role: 'synap_query', over: false, schemas: [] },
    ])
  })

  it('given any table, nobody writes to another’s, and reads of one with users in it are guarded', async () => {
    const grants = await asOwner<{
      name: string
      kind: string
      role: string
      may: string[]
      users: boolean
      guarded: boolean
    }>(`
      select n.nspname || '.' || c.relname as name, c.relkind::text as kind, r.rolname::text as role,
        array_agg(p.may order by p.may) as may,
        bool_or(exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in ('user_id', 'subject_id')))
          as users,
        bool_or(c.relrowsecurity and c.relowner <> r.oid and exists (
          select from pg_policy o where o.polrelid = c.oid
            and pg_get_expr(o.polqual, o.polrelid) ~ 'user_id = .*current_setting\\(''synap.user_id''')
          and not exists (select from pg_policy o where o.polrelid = c.oid
            and pg_get_expr(o.polqual, o.polrelid) !~ 'current_setting\\(''synap.user_id''') or ${isBarrier}) as guarded
      from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join pg_roles r
      cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as p(may)
      where ${ours} and (n.nspname !~ 'timescaledb' or c.relname ~ '^_(hyper|compress)')
        and c.relkind in ('r', 'p', 'v', 'm', 'f') and r.rolname like 'synap\\_%' and c.relowner <> r.oid
        and has_table_privilege(r.oid, c.oid, p.may)
      group by 1, 2, 3 order by 1, 3`)
    expect(grants.filter(({ may }) => may.join() !== 'select')).toEqual([])
    expect(grants.filter(({ users, guarded }) => users && !guarded)).toEqual([])
    // the only role that reads tables with users in them, and what it reads is checked row by row where the read model is
    const tables = grants.filter(({ users, kind }) => users && kind !== 'v')
    expect(new Set(tables.map(({ role }) => role))).toEqual(new Set(['synap_query']))
    expect(tables.length).toBeGreaterThan(9)
    const views = grants.filter(({ users, kind }) => users && kind === 'v')
    expect([...new Set(views.map(({ name }) => name))].sort()).toEqual([
      'log.own_counts',
      'log.own_days',
      'log.own_events',
      'log.own_events_newest',
      'log.own_versions',
      'read_v1.own_entities',
      'read_v1.own_entity_tags',
      'read_v1.own_entity_texts',
      'read_v1.own_entity_vectors',
      'read_v1.own_relations',
      'read_v1.own_tags',
      'read_v1.own_task_details',
    ])
    for (const { name, role } of views) {
      const shown = async (userId?: UserId) => {
        const principal = { role, ...(userId === undefined ? {} : { userId }) }
        const text = `select distinct user_id from ${name}`
        return transaction(query.pool, principal, (client) => run(client, { text, values: [] }))
      }
      expect([name, role, await shown(anna)]).toEqual([name, role, [{ user_id: anna }]])
      expect([name, role, await shown(carl)]).toEqual([name, role, [{ user_id: carl }]])
      expect([name, role, await shown(bert), await shown()]).toEqual([name, role, [], []])
    }
    const open = new Set(grants.flatMap(({ users, name }) => (users ? [] : [name])))
    expect([...open].sort()).toEqual(['migrations.applied', 'read_meta.read_active', 'read_meta.read_models'])
  })

  it('given any function that is published, it cannot be led astray, and only those meant to may call it', () => {
    const published = functions.filter(({ roles }) => roles.length > 0)
    expect(published.length).toBeGreaterThan(40)
    expect(published.filter(({ fixedPath }) => !fixedPath)).toEqual([])
    const callers = new Set(published.flatMap(({ roles }) => roles))
    // services that have nothing to ask of others
    expect([...callers].sort()).toEqual(['synap_ingest', 'synap_operator', 'synap_projector', 'synap_query'])
    const ofQuery = published.filter(({ roles }) => roles.includes('synap_query')).map(({ name }) => name)
    expect(ofQuery.filter((name) => /^(ledger_|mark_|stream_|events_between|heads)/.test(name))).toEqual([])
  })

  it('given her ids in any function that query may call, it shows him nothing, and nothing to nobody', async () => {
    const mine = functions.filter(({ roles, definer }) => definer && roles.includes('synap_query'))
    const shown = new Set<string>()
    for (const { schema, name, types } of mine) {
      const answer = async (user: UserId | undefined, values: Record<string, string>, ids: string[]) => {
        const known: Record<string, string> = { ...values, uuid: quote(ids[1] ?? '') }
        const given = types.map((type) => `${valueOf(known, type, ids)}::${type}`)
        // a refused argument shows nothing either
        const text = `select f::text as row from ${schema}.${name}(${given.join(', ')}) as f`
        const found = await asQuery<{ row: string }>(user, text).catch((error: unknown) => {
          if (errorClass(error) === 'data') return []
          throw error
        })
        return found.map(({ row }) => row).join('\n')
      }
      for (const values of [wide, open, late]) {
        const hers = await answer(anna, values, [anna, id])
        const nothing = await answer(bert, values, [uuidv7(), uuidv7()])
        if (hers !== nothing) shown.add(name)
        if (numbersOnly.includes(name)) continue
        expect([name, await answer(bert, values, [anna, id])]).toEqual([name, nothing])
        // sums of nothing to him are not even sums to nobody
        expect([name, nothing, '']).toContain(await answer(undefined, values, [anna, id]))
      }
    }
    expect(mine.length).toBeGreaterThan(15)
    // to herself they do show it
    const telling = ['aggregate_head', 'event_by_id', 'item_status', 'match_words', 'sequence_at']
    expect([...shown]).toEqual(expect.arrayContaining(telling))
  })
})

const quote = (text: string) => `'${text}'`
/** Arguments by type: bounds that leave nothing out, and no bounds at all. */
const wide: Record<string, string> = {
  integer: '10',
  bigint: '0',
  boolean: 'true',
  text: `'canaryword'`,
  date: `'2000-01-01'`,
  'timestamp with time zone': `'2999-01-01'`,
}
const late: Record<string, string> = {
  integer: '1',
  bigint: '9007199254740991',
  text: `'canaryword'`,
  'text[]': `array['english']`,
}
const open: Record<string, string> = { integer: '10', boolean: 'false', text: `'canaryword'` }

function valueOf(values: Record<string, string>, type: string, ids: readonly string[]): string {
  if (type === 'uuid[]') return `array[${ids.map(quote).join(', ')}]`
  if (type === 'integer[]') return 'array[1]'
  return values[type] ?? 'null'
}
