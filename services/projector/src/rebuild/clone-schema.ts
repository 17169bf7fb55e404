import { type Client, dumpSchema, execute, type Pool, query } from '@synap/postgres'

/** Definitions of a schema, each as the statement that makes it in another one. */
export interface Definition {
  /** What it is of: a table, or a function. */
  of: string
  /** Of an index. */
  name?: string
  statement: string
}

/**
 * Makes the tables, as they are but for indexes and constraints that cost each row, and the functions, in an empty
 * schema. The catalogue of the database says what there is, so whatever a migration has added comes along.
 */
export async function cloneTables(client: Client, from: string, to: string): Promise<void> {
  await query(client, { text: `select set_config('check_function_bodies', 'off', true)` })
  const tables = await query<{ name: string; options: string | null }>(client, {
    text: `
      select c.relname as name, array_to_string(c.reloptions, ', ') as options
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = $1::name and c.relkind = 'r' order by c.relname`,
    values: [from],
  })
  for (const { name, options } of tables) {
    await execute(client, {
      text: `create table ${to}.${name} (like ${from}.${name} including all excluding indexes)`,
    })
    if (options !== null) await execute(client, { text: `alter table ${to}.${name} set (${options})` })
  }
  for (const { statement } of await definitionsOf(client, from, to, functions))
    await execute(client, { text: statement })
}

/** What is still missing in `to` to be as `from` is, in the order in which it has to be made. */
export async function missingDefinitions(
  client: Client,
  from: string,
  to: string,
): Promise<Record<'keys' | 'indexes' | 'references' | 'last', Definition[]>> {
  const lacking = async (list: string) => {
    const there = new Set((await definitionsOf(client, to, to, list)).map(({ statement }) => statement))
    const wanted = await definitionsOf(client, from, to, list)
    return wanted.filter(({ statement }) => !there.has(statement))
  }
  return {
    keys: await lacking(keys),
    indexes: await lacking(plainIndexes),
    references: await lacking(references),
    last: [
      ...(await lacking(views)),
      ...(await lacking(triggers)),
      ...(await lacking(security)),
      ...(await lacking(policies)),
      ...(await rightsOf(client, from, to)),
    ],
  }
}

/** Where two schemas are not the same but for their names: lines of either; none = they are. */
export async function compareDefinitions(pool: Pool, from: string, to: string): Promise<string[]> {
  const [old = [], made = []] = await Promise.all(
    [from, to].map(async (schema) =>
      (await dumpSchema(pool, [schema])).replaceAll(new RegExp(`\\b${schema}\\b`, 'g'), to).split('\n'),
    ),
  )
  const had = new Set(old)
  const has = new Set(made)
  return [
    ...old.filter((line) => !has.has(line)).map((line) => `- ${line}`),
    ...made.filter((line) => !had.has(line)).map((line) => `+ ${line}`),
  ]
}

async function definitionsOf(client: Client, from: string, to: string, list: string): Promise<Definition[]> {
  const found = await query<Definition>(client, { text: list, values: [from] })
  const name = new RegExp(`\\b${from}\\b`, 'g')
  return found.map((one) => ({ ...one, statement: one.statement.replaceAll(name, to) }))
}

const functions = `
  select p.proname as of, pg_get_functiondef(p.oid) as statement
  from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname = $1::name and p.prokind in ('f', 'p') order by p.oid`

const constraints = (types: string) => `
  select c.relname as of,
    format('alter table %I.%I add constraint %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)) as statement
  from pg_constraint as k join pg_class as c on c.oid = k.conrelid join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = $1::name and k.contype in (${types}) order by c.relname, k.conname`

const keys = constraints(`'p', 'u', 'x'`)
const references = constraints(`'f'`)

const plainIndexes = `
  select t.relname as of, c.relname as name, pg_get_indexdef(i.indexrelid) as statement
  from pg_index as i join pg_class as c on c.oid = i.indexrelid join pg_class as t on t.oid = i.indrelid
  join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = $1::name
    and not exists (select from pg_constraint as k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
  order by c.relname`

const views = `
  select c.relname as of, format('create view %I.%I%s as %s', n.nspname, c.relname,
    case when c.reloptions is null then '' else ' with (' || array_to_string(c.reloptions, ', ') || ')' end,
    pg_get_viewdef(c.oid)) as statement
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = $1::name and c.relkind = 'v' order by c.oid`

const triggers = `
  select c.relname as of, pg_get_triggerdef(t.oid) as statement
  from pg_trigger as t join pg_class as c on c.oid = t.tgrelid join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = $1::name and not t.tgisinternal order by c.relname, t.tgname`

const security = `
  select c.relname as of, format('alter table %I.%I %s row level security', n.nspname, c.relname, w.what) as statement
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  cross join lateral (values ('enable', c.relrowsecurity), ('force', c.relforcerowsecurity)) as w (what, wanted)
  where n.nspname = $1::name and c.relkind = 'r' and w.wanted order by c.relname`

const policies = `
  select p.tablename as of, format('create policy %I on %I.%I as %s for %s to %s%s%s',
    p.policyname, p.schemaname, p.tablename, p.permissive, p.cmd, array_to_string(p.roles, ', '),
    case when p.qual is null then '' else ' using (' || p.qual || ')' end,
    case when p.with_check is null then '' else ' with check (' || p.with_check || ')' end) as statement
  from pg_policies as p where p.schemaname = $1::name order by p.tablename, p.policyname`

/** Rights as the catalogue lists them; giving what is given already changes nothing. */
const rights = `
  with lists as (
    select 1 as rank, n.nspname::text as of, format('schema %I', n.nspname) as what, n.nspowner as owner, n.nspacl as list
    from pg_namespace as n where n.nspname = $1::name
    union all
    select 2, c.relname, format('table %I.%I', n.nspname, c.relname), c.relowner, c.relacl
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = $1::name and c.relkind in ('r', 'v')
    union all
    select 3, p.proname, 'function ' || p.oid::regprocedure, p.proowner, p.proacl
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where n.nspname = $1::name
  ), granted as (
    select l.*, g.grantee, g.privilege_type from lists as l cross join lateral aclexplode(l.list) as g
  )
  select of, format('revoke all on %s from public', what) as statement, rank, what, 0 as step
  from lists where rank = 3 and list is not null
  union all
  select g.of, format('grant %s on %s to %s', g.privilege_type, g.what,
    case when g.grantee = 0 then 'public' else quote_ident(r.rolname) end), g.rank, g.what, 1
  from granted as g left join pg_roles as r on r.oid = g.grantee
  where g.grantee <> g.owner
  order by rank, what, step`

async function rightsOf(client: Client, from: string, to: string): Promise<Definition[]> {
  const wanted = await definitionsOf(client, from, to, rights)
  const there = (await definitionsOf(client, to, to, rights)).map(({ statement }) => statement)
  return wanted.length === there.length && wanted.every(({ statement }) => there.includes(statement))
    ? []
    : wanted
}
