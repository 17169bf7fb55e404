import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { createS3Store } from '@synap/object-store'
import { useStack } from '@synap/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contentKeyOf, seedEntity } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('content in an object store that can presign', () => {
  let query: TestQuery
  const anna = uuidv7() as UserId
  let id: EntityId
  const text = 'Größe: 5 MB'.repeat(500_000)

  beforeAll(async () => {
    const { env } = await useStack('object-store')
    const store = createS3Store({
      endpoint: env.S3_ENDPOINT,
      region: env.S3_REGION,
      bucket: env.S3_BUCKET,
      accessKeyId: env.S3_ACCESS_KEY_ID,
      secretAccessKey: env.S3_SECRET_ACCESS_KEY,
    })
    query = await startQuery([], store)
    id = await seedEntity(query.pool, { userId: anna, sequence: 1, text, title: 'Large' })
    await store.put(contentKeyOf({ userId: anna, id }), Buffer.from(text), { contentType: 'text/markdown' })
  })
  afterAll(() => query.close())

  it('given ?redirect=1, the answer is a link that works for five minutes, as a download', async () => {
    const answer = await query.get(`/v1/entities/${id}/content?redirect=1`, anna)
    expect(answer.status).toBe(307)
    expect(answer.headers['cache-control']).toBe('no-store')
    const url = new URL(String(answer.headers['location']))
    expect(url.searchParams.get('X-Amz-Expires')).toBe('300')
    const fetched = await fetch(url)
    expect(fetched.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(await fetched.text()).toBe(text)
    expect((await query.get(`/v1/entities/${id}/content?redirect=1`, uuidv7())).status).toBe(404)
  })

  it('given content too large to be checked as a whole first, it is streamed, in parts too', async () => {
    const whole = await query.get(`/v1/entities/${id}/content`, anna)
    expect(whole.status).toBe(200)
    expect(whole.text).toBe(text)
    const part = await query.get(`/v1/entities/${id}/content`, anna, { range: 'bytes=0-1' })
    expect([part.status, part.text]).toEqual([206, 'Gr'])
  })

  it('given large content that was replaced, nothing of it is served', async () => {
    const key = contentKeyOf({ userId: anna, id })
    await query.store.put(key, Buffer.from(text.replace('MB', 'kB')), { contentType: 'text/markdown' })
    expect((await query.get(`/v1/entities/${id}/content`, anna)).status).toBe(502)
    expect((await query.get(`/v1/entities/${id}/content`, anna, { range: 'bytes=0-1' })).status).toBe(502)
  })
})
