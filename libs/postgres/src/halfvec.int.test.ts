import { createTestDatabase, type TestDatabase } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPool, type Pool } from './pool.ts'
import { fromHalfvec, toHalfvec, toVector } from './types.ts'

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
})
