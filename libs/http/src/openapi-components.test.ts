import { describe, expect, it } from 'vitest'
import { keepUsedSchemas } from './openapi-components.ts'

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

describe('the schemas of a document', () => {
  it('given schemas that no call leads to, they are left out', () => {
    const paths = { '/a': { post: { body: ref('Ask'), answer: ref('Thing') } } }
    const kept = { Ask: { inside: ref('Part') }, Part: { self: ref('Part') }, Thing: { n: 1 } }
    const document = {
      openapi: '3.1.0',
      paths,
      components: {
        schemas: { ...kept, Unused: { inside: ref('UnusedToo') }, UnusedToo: {} },
        securitySchemes: { bearer: {} },
      },
    }
    expect(keepUsedSchemas(document)).toEqual({
      openapi: '3.1.0',
      paths,
      components: { schemas: kept, securitySchemes: { bearer: {} } },
    })
  })
})
