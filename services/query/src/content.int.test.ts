import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EntityId, type UserId, uuidv7 } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attachmentKeyOf, contentKeyOf, seedEntity } from '../test/seed.ts'
import { startQuery, type TestQuery } from '../test/start-query.ts'

describe('content', () => {
  let query: TestQuery
  const anna = uuidv7() as UserId
  beforeAll(async () => {
    query = await startQuery()
  })
  afterAll(() => query.close())

  const capture = async (text: string, title: string | null = null): Promise<EntityId> => {
    const id = await seedEntity(query.pool, { userId: anna, sequence: 1, text, title })
    await query.store.put(contentKeyOf({ userId: anna, id }), Buffer.from(text), {
      contentType: 'text/markdown',
    })
    return id
  }

  it('given content, it comes as a download that no browser takes for a page', async () => {
    const id = await capture('<script>alert(1)</script>', 'My "note"\r\nof today')
    const answer = await query.get(`/v1/entities/${id}/content`, anna)
    expect(answer.status).toBe(200)
    expect(answer.text).toBe('<script>alert(1)</script>')
    expect(answer.headers).toMatchObject({
      'content-type': 'text/markdown',
      'x-content-type-options': 'nosniff',
      'content-length': '25',
      'accept-ranges': 'bytes',
      'synap-sequence': '1',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    expect(answer.headers['content-disposition']).toBe(
      `attachment; filename="My-note-of-today.md"; filename*=UTF-8''My%20_note_%20of%20today.md`,
    )
    const again = await query.get(`/v1/entities/${id}/content`, anna, {
      'if-none-match': String(answer.headers['etag']),
    })
    expect(again.status).toBe(304)
  })

  it('given an attachment, the entity tells of it, and it comes under its name', async () => {
    const id = uuidv7() as EntityId
    const key = `${id}-0123456789abcdef-bill.txt`
    const attachments = [{ key, name: 'bill of May.txt', text: 'three euros' }]
    await seedEntity(query.pool, { userId: anna, sequence: 1, id, title: 'x', attachments })
    const options = { contentType: 'text/plain' }
    await query.store.put(attachmentKeyOf(anna, key), Buffer.from('three euros'), options)
    const { json } = await query.get(`/v1/entities/${id}`, anna)
    expect(json.attachments).toMatchObject([{ key, name: 'bill of May.txt', size: 11, fileType: 'text' }])
    const answer = await query.get(`/v1/entities/${id}/attachments/${key}`, anna)
    expect(answer.text).toBe('three euros')
    expect(answer.headers['content-disposition']).toContain(`filename*=UTF-8''bill%20of%20May.txt`)
    const other = await seedEntity(query.pool, { userId: anna, sequence: 2, title: 'y' })
    for (const path of [`${id}/attachments/nothing`, `${other}/attachments/${key}`]) {
      expect((await query.get(`/v1/entities/${path}`, anna)).status).toBe(404)
    }
    expect((await query.get(`/v1/entities/${id}/attachments/..%2Fx`, anna)).status).toBe(400)
  })

  it('given a HEAD, it says what a GET would, and reads no content for it', async () => {
    const id = await capture('0123456789')
    await query.store.delete(contentKeyOf({ userId: anna, id }))
    const headers = { authorization: `Bearer ${anna}` }
    const answer = await query.app.inject({ method: 'HEAD', url: `/v1/entities/${id}/content`, headers })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers).toMatchObject({ 'content-length': '10', 'content-type': 'text/markdown' })
    expect(answer.body).toBe('')
  })

  it('given a range, that part comes; one that is not there is 416', async () => {
    const id = await capture('0123456789')
    const part = async (range: string, headers = {}) =>
      query.get(`/v1/entities/${id}/content`, anna, { range, ...headers })
    const middle = await part('bytes=2-4')
    expect(middle.status).toBe(206)
    expect(middle.text).toBe('234')
    expect(middle.headers).toMatchObject({ 'content-range': 'bytes 2-4/10', 'content-length': '3' })
    expect((await part('bytes=-3')).text).toBe('789')
    const beyond = await part('bytes=10-')
    expect(beyond.status).toBe(416)
    expect(beyond.headers['content-range']).toBe('bytes */10')
    expect((await part('bytes=2-4', { 'if-range': '"other"' })).text).toBe('0123456789')
  })

  it('given stored bytes that were changed, nothing of them is served, ranges neither', async () => {
    const id = await capture('the truth')
    await overwrite('the lie!!', id)
    for (const headers of [{}, { range: 'bytes=0-2' }] as Record<string, string>[]) {
      const answer = await query.get(`/v1/entities/${id}/content`, anna, headers)
      expect(answer.status).toBe(502)
      expect(answer.json.type).toBe('urn:synap:problem:content-damaged')
      expect(answer.text).not.toContain('lie')
    }
  })

  it('given another good object under the key, its own checksum does not make it the right one', async () => {
    const id = await capture('mine')
    const key = contentKeyOf({ userId: anna, id })
    await query.store.put(key, Buffer.from('ours'), { contentType: 'text/markdown' })
    expect((await query.get(`/v1/entities/${id}/content`, anna)).status).toBe(502)
  })

  it('given an object that is gone, it is 410, and the entity itself is still answered', async () => {
    const id = await capture('gone')
    await query.store.delete(contentKeyOf({ userId: anna, id }))
    expect((await query.get(`/v1/entities/${id}/content`, anna)).status).toBe(410)
    expect((await query.get(`/v1/entities/${id}`, anna)).status).toBe(200)
  })

  it('given an entity without content, or a store without links, it is 404 and the bytes themselves', async () => {
    const bare = await seedEntity(query.pool, { userId: anna, sequence: 1, title: 'bare' })
    expect((await query.get(`/v1/entities/${bare}/content`, anna)).status).toBe(404)
    const id = await capture('bytes')
    expect((await query.get(`/v1/entities/${id}/content?redirect=1`, anna)).text).toBe('bytes')
  })

  /** Changes bytes on the disk, past the store, which would keep the checksum in step. */
  async function overwrite(text: string, id: string): Promise<void> {
    const files = await readdir(query.folder, { recursive: true, withFileTypes: true })
    const own = files.filter(
      (file) => file.isFile() && file.name.includes(id) && !file.name.endsWith('.json'),
    )
    expect(own).toHaveLength(1)
    for (const file of own) await writeFile(join(file.parentPath, file.name), text)
  }
})
