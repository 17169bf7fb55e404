import {
  entityList,
  graphResponse,
  linkList,
  relatedResponse,
  relationList,
  relationSchema,
  settingsResponse,
  statsResponse,
  tagList,
} from '@synap/contracts'
import type { z } from 'zod'
import type { BrowseClient } from './browse-types.ts'
import { parseAnswer } from './parse-answer.ts'
import { readOf, readParameters } from './query-client.ts'
import type { Transport } from './transport.ts'
import type { Read, ReadOptions } from './types.ts'
import { type Parameters, readCall, urlOf } from './urls.ts'

export function buildBrowseClient(call: Transport, origin: string): BrowseClient {
  const get = <T>(
    schema: z.ZodType<T>,
    path: string,
    read: ReadOptions,
    parameters: Parameters = {},
  ): Promise<Read<T>> =>
    call(readCall(urlOf(origin, path, { ...readParameters(read), ...parameters }), read), async (response) =>
      readOf(response, await parseAnswer(schema, response)),
    )

  return {
    tags: ({ prefix, limit, cursor, ...read } = {}) =>
      get(tagList, '/v1/tags', read, { prefix, limit, cursor }),
    tasks: ({ status, tag, dueBefore, dueAfter, limit, cursor, ...read } = {}) =>
      get(entityList, '/v1/tasks', read, {
        status,
        tag,
        due_before: dueBefore,
        due_after: dueAfter,
        limit,
        cursor,
      }),
    relations: ({ entity, direction, type, limit, cursor, ...read } = {}) =>
      get(relationList, '/v1/relations', read, { entity, direction, type, limit, cursor }),
    relation: (id, read = {}) => get(relationSchema, `/v1/relations/${id}`, read),
    graph: (id, { depth, type, limit, ...read } = {}) =>
      get(graphResponse, `/v1/entities/${id}/graph`, read, { depth, type, limit }),
    links: (id, { direction, limit, cursor, ...read } = {}) =>
      get(linkList, `/v1/entities/${id}/links`, read, { direction, limit, cursor }),
    related: (id, { limit, ...read } = {}) =>
      get(relatedResponse, `/v1/entities/${id}/related`, read, { limit }),
    stats: (read = {}) => get(statsResponse, '/v1/stats', read),
    settings: (read = {}) => get(settingsResponse, '/v1/me', read),
  }
}
