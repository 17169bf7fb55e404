import { uuidv7 } from '@synap/core'
import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Client,
  type CopyColumn,
  copyBinary,
  createCopyRows,
  createPool,
  type Pool,
  query,
  toVector,
} from './index.ts'

describe('binary COPY', () => {
  let database: TestDatabase
  let pool: Pool
  let client: Client
  beforeAll(async () => {
    database = await createTestDatabase()
    await database.superuserSql('create extension if not exists vector')
    pool = createPool({ url: database.url, applicationName: 'test', max: 1 })
    client = await pool.connect()
    await client.query(`
      create schema copied;
      create table copied.rows (
        a uuid, b int4, c int8, d timestamptz, e text, f jsonb, g bytea, h float4, i float8, j bool, k uuid[], l text[],
        m vector(3), n halfvec(3), o int2, p date);
      create table copied.keyed (a int4 primary key, b text)`)
  }, 600_000)
  afterAll(async () => {
    client?.release()
    await pool?.end()
    await database?.close()
  })

  const types = [
    'uuid',
    'int4',
    'int8',
    'timestamptz',
    'text',
    'jsonb',
    'bytea',
    'float4',
    'float8',
    'bool',
    'uuid[]',
    'text[]',
    'vector',
    'halfvec',
    'int2',
    'date',
  ] as const
  const columns: CopyColumn[] = types.map((type, index) => ({ name: String.fromCharCode(97 + index), type }))

  it('given every type, what was copied is what INSERT would have stored, nulls included', async () => {
    const [one, two] = [uuidv7(), uuidv7()]
    const at = Date.UTC(2026, 10, 21, 17, 0, 0, 123)
    const copied = await copyBinary(client, 'copied.rows', columns, [
      [
        one,
        -5,
        -(2 ** 40),
        at,
        'Grüße \u{1f95b}',
        { a: [1, 'é'] },
        Buffer.of(0, 255),
        1.5,
        Math.PI,
        true,
        [one, two],
        ['a', ''],
        [1, 2, 0.5],
        [0.5, -2, 65_504],
        -3,
        '2026-02-28',
      ],
      columns.map(() => null),
      [
        Buffer.alloc(16),
        0,
        2n ** 53n - 1n,
        0,
        '',
        [],
        Buffer.alloc(0),
        0,
        0,
        false,
        [],
        [],
        new Float32Array(3),
        Buffer.from([0, 0x3c, 0, 0xc0, 0, 0]),
        32_767,
        '1999-12-31',
      ],
    ])
    expect(copied).toBe(3)
    const rows = await query<Record<string, unknown>>(client, { text: 'select * from copied.rows' })
    expect(rows[0]).toEqual({
      a: one,
      b: -5,
      c: -(2 ** 40),
      d: at,
      e: 'Grüße \u{1f95b}',
      f: { a: [1, 'é'] },
      g: Buffer.of(0, 255),
      h: 1.5,
      i: Math.PI,
      j: true,
      k: [one, two],
      l: ['a', ''],
      m: toVector([1, 2, 0.5]),
      n: toVector([0.5, -2, 65_504]),
      o: -3,
      p: '2026-02-28',
    })
    expect(Object.values(rows[1] ?? {})).toEqual(columns.map(() => null))
    expect(rows[2]).toMatchObject({
      c: 2 ** 53 - 1,
      d: 0,
      e: '',
      f: [],
      g: Buffer.alloc(0),
      j: false,
      k: [],
      l: [],
      m: '[0,0,0]',
      n: '[1,-2,0]',
      o: 32_767,
      p: '1999-12-31',
    })
  })

  it('given no rows, nothing is sent; given many, all arrive', async () => {
    expect(await copyBinary(client, 'copied.keyed', [], [])).toBe(0)
    const keyed: CopyColumn[] = [
      { name: 'a', type: 'int4' },
      { name: 'b', type: 'text' },
    ]
    const many = Array.from({ length: 50_000 }, (_, index) => [index, 'x'.repeat(index % 100)])
    expect(await copyBinary(client, 'copied.keyed', keyed, many)).toBe(50_000)
    expect(
      await query(client, { text: 'select count(*) as n, sum(length(b)) as length from copied.keyed' }),
    ).toEqual([{ n: 50_000, length: 2_475_000 }])
  })

  it('given a row the server refuses, all are refused, the error has its class and the connection goes on', async () => {
    const keyed: CopyColumn[] = [
      { name: 'a', type: 'int4' },
      { name: 'b', type: 'text' },
    ]
    await expect(
      copyBinary(client, 'copied.keyed', keyed, [
        [-1, 'new'],
        [1, 'there already'],
      ]),
    ).rejects.toMatchObject({ code: 'postgres.unique', class: 'data' })
    await expect(copyBinary(client, 'copied.keyed', keyed, [[-1, 'a\0b']])).rejects.toMatchObject({
      class: 'data',
      code: 'postgres.invalid_value',
    })
    await expect(copyBinary(client, 'copied.missing', keyed, [[-1, 'x']])).rejects.toMatchObject({
      code: 'postgres.unknown_object',
    })
    expect(await query(client, { text: 'select 1 as one from copied.keyed where a = -1' })).toEqual([])
  })

  it('given a value of another type late in the rows, it is a TypeError and nothing is kept', async () => {
    const keyed: CopyColumn[] = [
      { name: 'a', type: 'int4' },
      { name: 'b', type: 'text' },
    ]
    const rows: unknown[][] = Array.from({ length: 20_000 }, (_, index) => [-1 - index, 'x'.repeat(50)])
    rows.push([-30_000, 7])
    await expect(copyBinary(client, 'copied.keyed', keyed, rows)).rejects.toThrow(TypeError)
    expect(await query(client, { text: 'select a from copied.keyed where a < 0' })).toEqual([])
    await expect(copyBinary(client, 'copied.keyed; drop', keyed, rows)).rejects.toThrow('not schema.table')
  })

  it('given rows gathered one by one, each write is what was gathered since the one before, also after a refusal', async () => {
    const rows = createCopyRows<{ a: number; b: string | null }>([
      { name: 'a', type: 'int4', value: ({ a }) => a },
      { name: 'b', type: 'text', value: ({ b }) => b },
    ])
    const gather = (from: number, to: number) => {
      for (let a = from; a < to; a += 1) rows.add({ a, b: a % 2 === 0 ? null : 'x'.repeat(50) })
    }
    expect([rows.bytes, await rows.write(client, 'copied.keyed')]).toEqual([0, 0])
    gather(100_000, 110_000)
    expect(rows.bytes).toBeGreaterThan(200_000)
    expect(await rows.write(client, 'copied.keyed')).toBe(10_000)
    gather(100_001, 100_002)
    await expect(rows.write(client, 'copied.keyed')).rejects.toMatchObject({ code: 'postgres.unique' })
    expect(rows.bytes).toBe(0)
    gather(110_000, 110_002)
    expect(await rows.write(client, 'copied.keyed')).toBe(2)
    const counted = `select count(*) as n, count(b) as texts from copied.keyed where a >= 100000`
    expect(await query(client, { text: counted })).toEqual([{ n: 10_002, texts: 5_001 }])
  })

  it('given a bigint beyond 2^53, reading it fails rather than give another number', async () => {
    await expect(query(client, { text: 'select 9007199254740993::int8 as n' })).rejects.toThrow('beyond 2^53')
    expect(await query(client, { text: 'select 9007199254740991::int8 as n' })).toEqual([{ n: 2 ** 53 - 1 }])
  })
})
