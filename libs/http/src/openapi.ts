import { fastifySwagger } from '@fastify/swagger'
import {
  httpHeaders,
  idempotencyKey,
  problemContentType,
  problemSchema,
  timeZoneName,
} from '@synap/contracts'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { accessOf, open } from './access.ts'
import { registerDocsPage } from './docs-page.ts'
import { fileFormOf, formMediaType } from './file-form.ts'
import { keepUsedSchemas } from './openapi-components.ts'
import { isTimeZoneTaken } from './takes-time-zone.ts'

export interface ApiInfo {
  title: string
  version: string
  /** Markdown. */
  description: string
}

type Document = Parameters<typeof jsonSchemaTransform>[0]

/** OpenAPI 3.1 at /openapi.json, made from the routes, and a readable page at /docs that loads nothing from elsewhere. */
export async function registerOpenApi(app: FastifyInstance, info: ApiInfo): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform,
    transformObject,
  })
  app.get('/openapi.json', { config: open(), schema: { hide: true } }, () => app.swagger())
  registerDocsPage(app)
}

type TransformObject = typeof jsonSchemaTransformObject

const transformObject: TransformObject = (input) => keepUsedSchemas(jsonSchemaTransformObject(input))

const writeHeaders = z.object({
  [httpHeaders.idempotencyKey]: idempotencyKey.optional().meta({
    description: 'Sent again with the same key, the request has its first effect again.',
  }),
})

const changeHeaders = writeHeaders.extend({
  [httpHeaders.ifMatch]: z.string().optional().meta({
    description:
      'The ETag that the change is based on, or `*`. With another version now: 412, and nothing changes.',
  }),
})

const timeZoneHeader = {
  [httpHeaders.timeZone]: timeZoneName.optional().meta({
    description: 'IANA name: dates in the text are meant there, in place of the time zone of the user.',
  }),
}

/** Adds to each operation what all have in common: who may call it, and that errors are problems. */
function transform(document: Document): ReturnType<typeof jsonSchemaTransform> {
  const schema: Record<string, unknown> = { ...document.schema }
  const access = accessOf(document.route.config)
  if (access !== undefined && 'scopes' in access) {
    schema['security'] = [{ bearer: [...access.scopes] }]
    const changesOne = document.schema?.params !== undefined
    const headers = changesOne ? changeHeaders : writeHeaders
    if (access.scopes.includes('write')) {
      schema['headers'] = isTimeZoneTaken(document.route.config) ? headers.extend(timeZoneHeader) : headers
    }
  }
  schema['response'] = {
    ...(document.schema?.response as object | undefined),
    default: {
      description: 'A problem (RFC 9457)',
      content: { [problemContentType]: { schema: problemSchema } },
    },
  }
  const form = fileFormOf(document.route.config)
  if (form === undefined) return jsonSchemaTransform({ ...document, schema })
  const body = jsonOf(schema)
  return withForm(
    jsonSchemaTransform({ ...document, schema: body === undefined ? schema : { ...schema, body } }),
    form.schema,
    document,
  )
}

/** The schema of the JSON body of a route whose body depends on the media type; undefined when it takes forms only. */
function jsonOf(schema: Record<string, unknown>): unknown {
  if (schema['body'] === undefined) return undefined
  return (schema['body'] as { content: Record<string, { schema: unknown }> }).content['application/json']
    ?.schema
}

function withForm(
  json: ReturnType<typeof jsonSchemaTransform>,
  schema: z.ZodType,
  document: Document,
): ReturnType<typeof jsonSchemaTransform> {
  const form = jsonSchemaTransform({ ...document, schema: { body: schema } })
  const content = {
    ...(json.schema.body === undefined ? {} : { 'application/json': { schema: json.schema.body } }),
    [formMediaType]: { schema: form.schema.body },
  }
  return { ...json, schema: { ...json.schema, body: { content } } }
}
