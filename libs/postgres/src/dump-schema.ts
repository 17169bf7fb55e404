import type { Pool } from './pool.ts'
import { query } from './query.ts'

/**
 * What the migrations of these schemas came to, as SQL-like text for people and for comparison: tables with columns,
 * constraints and indexes, views, functions, triggers, policies, owners and grants, all in a fixed order. Made from the
 * catalogue, so no pg_dump of the server's version is needed. What an extension adds behind the scenes is left out, so
 * that a server with TimescaleDB and one without give the same text.
 */
export async function dumpSchema(pool: Pool, schemas: readonly string[]): Promise<string> {
  const parts: string[] = []
  for (const schema of schemas) {
    for (const list of [
      schemaLines,
      sequenceLines,
      tableLines,
      indexLines,
      viewLines,
      functionLines,
      triggerLines,
      policyLines,
      grantLines,
    ]) {
      const rows = await query<{ line: string }>(pool, { text: list, values: [schema] })
      parts.push(...rows.map((row) => row.line))
    }
  }
  return `${parts.join('\n\n')}\n`
}

const schemaLines = `
  select format('create schema %I authorization %I;', n.nspname, pg_get_userbyid(n.nspowner)) as line
    from pg_namespace n
   where n.nspname = $1::name`

const sequenceLines = `
  select format('create sequence %I.%I as %s;', n.nspname, c.relname, format_type(s.seqtypid, null)) as line
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid
    join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1::name
     and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('i', 'e'))
   order by c.relname`

// Not-null constraints are rows of pg_constraint from version 18 on; here they are part of the column.
const tableLines = `
  select format(E'create %stable %I.%I (\\n%s\\n)%s%s;\\nalter table %I.%I owner to %I;%s',
           case c.relpersistence when 'u' then 'unlogged ' else '' end,
           n.nspname, c.relname,
           (select string_agg('  ' || item, E',\\n' order by kind, at collate "C")
              from (select 1 as kind, lpad(a.attnum::text, 6) as at,
                           format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                           || case when a.attnotnull then ' not null' else '' end
                           || case when a.attidentity <> ''
                                   then ' generated ' || case a.attidentity when 'a' then 'always' else 'by default' end
                                        || ' as identity' else '' end
                           || coalesce(case when a.attgenerated <> '' then ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ') stored'
                                            else ' default ' || pg_get_expr(d.adbin, d.adrelid) end, '') as item
                      from pg_attribute a
                      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    union all
                    select 2, k.conname, format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid))
                      from pg_constraint k
                     where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c', 'x') and k.conparentid = 0) items),
           case when c.relkind = 'p' then ' partition by ' || pg_get_partkeydef(c.oid)
                when c.relispartition then ' partition of ' || (select inhparent::regclass::text from pg_inherits where inhrelid = c.oid)
                     || ' ' || pg_get_expr(c.relpartbound, c.oid)
                else '' end,
           case when c.reloptions is null then '' else ' with (' || array_to_string(c.reloptions, ', ') || ')' end,
           n.nspname, c.relname, pg_get_userbyid(c.relowner),
           case when c.relrowsecurity then format(E'\\nalter table %I.%I enable row level security;', n.nspname, c.relname) else '' end
           || case when c.relforcerowsecurity then format(E'\\nalter table %I.%I force row level security;', n.nspname, c.relname) else '' end
         ) as line
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1::name
     and c.relkind in ('r', 'p')
   order by c.relname`

const indexLines = `
  select pg_get_indexdef(i.indexrelid) || ';' as line
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1::name
     and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
   order by c.relname`

const viewLines = `
  select format(E'create %sview %I.%I%s as\\n%s\\nalter view %I.%I owner to %I;',
           case c.relkind when 'm' then 'materialized ' else '' end, n.nspname, c.relname,
           case when c.reloptions is null then '' else ' with (' || array_to_string(c.reloptions, ', ') || ')' end,
           pg_get_viewdef(c.oid), n.nspname, c.relname, pg_get_userbyid(c.relowner)) as line
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = $1::name
     and c.relkind in ('v', 'm')
   order by c.relname`

const functionLines = `
  select format(E'%s;\\nalter function %s owner to %I;',
           rtrim(pg_get_functiondef(p.oid)), p.oid::regprocedure, pg_get_userbyid(p.proowner)) as line
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
   where n.nspname = $1::name
     and p.prokind in ('f', 'p')
   order by p.oid::regprocedure::text collate "C"`

const triggerLines = `
  select pg_get_triggerdef(t.oid) || ';' as line
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_proc p on p.oid = t.tgfoid
    join pg_namespace f on f.oid = p.pronamespace
   where n.nspname = $1::name
     and not t.tgisinternal
     and f.nspname not like '\\_timescaledb%'
   order by c.relname, t.tgname`

const policyLines = `
  select format('create policy %I on %I.%I as %s for %s to %s%s%s;',
           p.policyname, p.schemaname, p.tablename, lower(p.permissive), lower(p.cmd), array_to_string(p.roles, ', '),
           case when p.qual is null then '' else ' using ' || p.qual end,
           case when p.with_check is null then '' else ' with check ' || p.with_check end) as line
    from pg_policies p
   where p.schemaname = $1::name
   order by p.tablename, p.policyname`

// Without an explicit list the built-in one holds: for functions it lets everybody execute, which must be seen here.
const grantLines = `
  with lists as (
    select 'schema ' || quote_ident(n.nspname) as what, n.nspowner as owner, n.nspacl as list
      from pg_namespace n
     where n.nspname = $1::name
    union all
    select format('%I.%I', n.nspname, c.relname), c.relowner, c.relacl
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1::name and c.relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select format('%I.%I (%I)', n.nspname, c.relname, a.attname), c.relowner, a.attacl
      from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1::name and a.attacl is not null
    union all
    select 'function ' || p.oid::regprocedure, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = $1::name
  ), granted as (
    select l.what, coalesce(r.rolname, 'public') as role,
           string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) as rights
      from lists l
      cross join lateral aclexplode(l.list) g
      left join pg_roles r on r.oid = g.grantee
     where g.grantee <> l.owner
     group by l.what, r.rolname
  )
  select string_agg(format('grant %s on %s to %s;', rights, what, role), E'\\n' order by what collate "C", role collate "C") as line
    from granted
  having count(*) > 0`
