import { describe, expect, it } from 'vitest'
import { mergeDocuments, routesOf } from './one-port.ts'

const info = { title: 'writes', version: '1', description: 'Takes writes.' }
const writes = {
  openapi: '3.1.0',
  info,
  paths: { '/v1/entities': { post: {} }, '/v1/entities/{id}': { delete: {} } },
  components: { schemas: { Written: {} } },
}
const reads = {
  openapi: '3.1.0',
  info: { ...info, description: 'Answers reads.' },
  paths: {
    '/v1/entities': { get: {} },
    '/v1/entities/{id}': { get: {} },
    '/v1/entities/{id}/status': { get: {} },
  },
  components: { schemas: { Read: {} } },
}

describe('two apps on one port', () => {
  it('given a method and a path, only what the document has is its own', () => {
    const isRead = routesOf(reads)
    expect(isRead('GET', '/v1/entities')).toBe(true)
    expect(isRead('POST', '/v1/entities')).toBe(false)
    expect(isRead('GET', '/v1/entities/an-id')).toBe(true)
    expect(isRead('DELETE', '/v1/entities/an-id')).toBe(false)
    expect(isRead('GET', '/v1/entities/an-id/status')).toBe(true)
    expect(isRead('GET', '/v1/entities/an-id/other')).toBe(false)
    expect(isRead('GET', '/internal/heads')).toBe(false)
  })

  it('given both documents, the merged one has every operation and schema of both', () => {
    expect(mergeDocuments(writes, reads)).toMatchObject({
      paths: {
        '/v1/entities': { get: {}, post: {} },
        '/v1/entities/{id}': { get: {}, delete: {} },
        '/v1/entities/{id}/status': { get: {} },
      },
      components: { schemas: { Written: {}, Read: {} } },
    })
  })
})
