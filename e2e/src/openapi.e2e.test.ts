import { Validator } from '@seriousme/openapi-schema-validator'
import { problems } from '@synap/contracts'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Pipeline, ways } from './pipeline.ts'

interface Operation {
  summary?: string
  security?: { bearer: string[] }[]
  parameters?: { name: string; in: string; schema: object }[]
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}

describe.each(ways)('what $way describe(s) of itself', ({ startPipeline }) => {
  let synap: Pipeline
  const documents: Document[] = []

  beforeAll(async () => {
    synap = await startPipeline()
    const urls = new Set(['ingest' as const, 'query' as const].map((name) => synap.service(name).url))
    for (const url of urls) documents.push((await (await fetch(`${url}/openapi.json`)).json()) as Document)
  })
  afterAll(() => synap?.[Symbol.asyncDispose]())

  const operations = () =>
    documents.flatMap(({ paths }) =>
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({
          name: `${method.toUpperCase()} ${path}`,
          path,
          operation,
        })),
      ),
    )

  it('given a validator of OpenAPI 3.1, each document is valid', async () => {
    for (const document of documents) {
      expect(document.openapi).toBe('3.1.0')
      const validator = new Validator()
      expect(await validator.validate({ ...structuredClone(document) })).toEqual({ valid: true })
      // Rejects on a reference that leads nowhere.
      expect(validator.resolveRefs()).toBeDefined()
    }
  })

  it('given a validator of JSON Schema 2020-12, each schema is one, and every one is used', () => {
    for (const document of documents) {
      const text = JSON.stringify(document)
      const ajv = new Ajv2020({
        strict: true,
        strictTypes: false,
        strictTuples: false,
        validateFormats: false,
      })
      ajv.addVocabulary(['components'])
      ajv.addSchema({ $id: 'https://synap.invalid/openapi', components: document.components })
      for (const name of Object.keys(document.components.schemas)) {
        const $ref = `https://synap.invalid/openapi#/components/schemas/${name}`
        expect(() => ajv.compile({ $ref }), name).not.toThrow()
        expect(text, `${name} is used`).toContain(`"#/components/schemas/${name}"`)
      }
    }
  })

  it('given each call, it says what it does, who may make it, what comes back, and that errors are problems', () => {
    expect(operations().length).toBeGreaterThan(20)
    for (const { name, path, operation } of operations()) {
      expect(operation.summary, name).toMatch(/\S/)
      expect(operation.security?.[0]?.bearer, name).toBeInstanceOf(Array)
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      const named = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => String(match[1]))
      expect(new Set(inPath.map((parameter) => parameter.name)), name).toEqual(new Set(named))
      expect(
        Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status)),
        name,
      ).toBe(true)
      expect(operation.responses['default']?.content, name).toHaveProperty('application/problem+json')
    }
  })

  it('given every problem there is, its type is told', () => {
    const types = Object.values(problems).map(({ type }) => type)
    for (const { components } of documents) {
      expect(components.schemas['Problem']).toMatchObject({ properties: { type: { examples: types } } })
    }
  })
})
