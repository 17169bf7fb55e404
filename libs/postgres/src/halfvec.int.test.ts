import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPool, type Pool } from './pool.ts'
import { fromHalfvec, toHalfvec, toUuids, toVector } from './types.ts'

describe('halfvec', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await createTestDatabase()
    await database.superuserSql('create extension if not exists vector')
    pool = createPool({ url: database.url, applicationName: 'test', max: 1 })
  })
  afterAll(async () => {
    await pool?.end()
    await database?.close()
  })

  it('given numbers in binary, the server has what it has of their text, and gives them back', async () => {
    const values = Float32Array.from([0, -0.5, 1, 0.1, 65_504, -6e-8, 1 / 3])
    const { rows } = await pool.query<{ same: boolean; sent: Buffer }>(
      'select $1::halfvec = $2::halfvec as same, halfvec_send($1::halfvec) as sent',
      [toHalfvec(values), toVector(values)],
    )
    expect(rows[0]?.same).toBe(true)
    expect(fromHalfvec(rows[0]?.sent as Buffer)).toEqual(new Float32Array(new Float16Array(values)))
  })

  it('given bytes that begin at an odd place, they are read all the same', () => {
    const sent = toHalfvec([0.5, -2])
    const odd = Buffer.concat([Buffer.alloc(1), sent]).subarray(1)
    expect(Array.from(fromHalfvec(odd))).toEqual([0.5, -2])
  })

  it.each([0, 1, 3])('given %i ids in binary, the server has them in their order', async (count) => {
    const bytes = Uint8Array.from({ length: count * 16 }, (_, at) => (at * 37) % 256)
    const { rows } = await pool.query<{ ids: string[]; bound: number | null }>(
      'select $1::uuid[]::text[] as ids, array_lower($1::uuid[], 1) as bound',
      [toUuids(bytes)],
    )
    const hex = Buffer.from(bytes).toString('hex')
    expect(rows[0]?.ids.map((id) => id.replaceAll('-', ''))).toEqual(
      Array.from({ length: count }, (_, at) => hex.slice(at * 32, at * 32 + 32)),
    )
    expect(rows[0]?.bound).toBe(count === 0 ? null : 1)
  })
})
