import { type Client, createPool, type Pool, query } from '@synap/postgres'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, type PlaceOptions } from './place.ts'

const principal = { role: 'synap_query' }

describe('the schema that is read', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase(['projector'])
    pool = createPool({ url: database.url, applicationName: 'test' })
    await database.superuserSql(`create table public.pointer (name text); insert into public.pointer values ('first');
      grant select on public.pointer to synap_query`)
  })
  afterAll(async () => {
    await pool.end()
    await database.close()
  })
  const makeStore = (name: string) =>
    database.superuserSql(`create schema ${name}; create table ${name}.says as select '${name}'::text as word;
      grant usage on schema ${name} to synap_query; grant select on ${name}.says to synap_query`)
  const pointTo = (name: string) => database.superuserSql(`update public.pointer set name = '${name}'`)

  /** Reads, and tells of which schemas it asked. */
  function reader(options: PlaceOptions = {}) {
    const asked: string[] = []
    const place = createPlace(pool, {
      findSchema: async (client) => {
        const [row] = await query<{ name: string }>(client, { text: 'select name from public.pointer' })
        return row?.name ?? ''
      },
    })
    const ask = async (client: Client, schema: string) => {
      asked.push(schema)
      const [row] = await query<{ word: string }>(client, { text: `select word from ${schema}.says` })
      return { decide: async () => row?.word }
    }
    return { asked, read: () => place.read(principal, options, ask) }
  }

  it('given another schema since the last read, what was asked of the old one is thrown away', async () => {
    await makeStore('first')
    await makeStore('second')
    await pointTo('first')
    const { asked, read } = reader()
    expect([await read(), await read()]).toEqual(['first', 'first'])
    await pointTo('second')
    expect([await read(), await read()]).toEqual(['second', 'second'])
    expect(asked).toEqual(['first', 'first', 'first', 'second', 'second'])
  })

  it('given another schema since the last read of all at once, a transaction of its own asks that one', async () => {
    await makeStore('sixth')
    await makeStore('seventh')
    await pointTo('sixth')
    const { asked, read } = reader({ asksAtOnce: true })
    expect([await read(), await read()]).toEqual(['sixth', 'sixth'])
    await pointTo('seventh')
    expect([await read(), await read()]).toEqual(['seventh', 'seventh'])
    expect(asked).toEqual(['sixth', 'sixth', 'sixth', 'seventh', 'seventh'])
  })

  it('given that the old schema is gone, the new one answers all the same', async () => {
    await makeStore('third')
    await makeStore('fourth')
    await pointTo('third')
    const { read } = reader()
    expect(await read()).toBe('third')
    await pointTo('fourth')
    await database.superuserSql('drop schema third cascade')
    expect([await read(), await read()]).toEqual(['fourth', 'fourth'])
  })

  it('given a read that fails in the right schema, it fails once, with its own reason', async () => {
    await makeStore('fifth')
    await pointTo('fifth')
    const { asked, read } = reader()
    expect(await read()).toBe('fifth')
    await database.superuserSql('drop table fifth.says')
    await expect(read()).rejects.toMatchObject({ code: 'postgres.unknown_object' })
    expect(asked).toEqual(['fifth', 'fifth'])
  })
})
