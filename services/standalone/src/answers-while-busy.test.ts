import { query } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../test/start-in-process.ts'

const patience = 120_000

describe('HTTP while the database works', () => {
  let standalone: InProcess

  beforeAll(async () => {
    standalone = await startInProcess()
  }, patience)
  afterAll(() => standalone[Symbol.asyncDispose](), patience)

  it('given a statement of seconds under way, requests are answered before it ends', {
    timeout: patience,
  }, async () => {
    const { url, drivers } = standalone
    const order: string[] = []
    const slow = query(drivers.pool, { text: 'select sum(n) from generate_series(1, 8000000) as n' }).then(
      () => order.push('the statement'),
    )
    const next = query(drivers.pool, { text: 'select 1' }).then(() => order.push('the next statement'))
    const read = async (path: string) => (await fetch(url + path)).status
    // One of them could be answered before the statement begins; not so many, one after the other.
    for (let i = 0; i < 20; i += 1) {
      expect([await read('/openapi.json'), await read('/v1/entities')]).toEqual([200, 401])
    }
    order.push('40 answers')
    await Promise.all([slow, next])
    expect(order).toEqual(['40 answers', 'the statement', 'the next statement'])
  })
})
