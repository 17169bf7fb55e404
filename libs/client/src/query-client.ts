import { Buffer } from 'node:buffer'
import { entityList, entitySchema, httpHeaders, searchResponse, statusResponse } from '@synap/contracts'
import { parseAnswer } from './parse-answer.ts'
import { pathPart } from './path-part.ts'
import type { Transport } from './transport.ts'
import type { FilterOptions, ListOptions, PastOptions, QueryClient, Read, ReadOptions } from './types.ts'
import { getCall, type Parameters, readCall, urlOf } from './urls.ts'

export function buildQueryClient(call: Transport, origin: string): QueryClient {
  const get = (path: string, read: ReadOptions, parameters: Parameters = {}) =>
    readCall(urlOf(origin, path, { ...readParameters(read), ...parameters }), read)

  return {
    getEntity: (id, read = {}) =>
      call(get(`/v1/entities/${id}`, read, pastParameters(read)), async (response) =>
        readOf(response, await parseAnswer(entitySchema, response)),
      ),
    list: (read = {}) =>
      call(get('/v1/entities', read, listParameters(read)), async (response) =>
        readOf(response, await parseAnswer(entityList, response)),
      ),
    content: (id, read = {}) =>
      call(
        {
          ...get(`/v1/entities/${id}/content`, read, pastParameters(read)),
          headers: rangeHeaders(read.range),
        },
        async (response) =>
          readOf(response, {
            bytes: Buffer.from(await response.arrayBuffer()),
            contentType: response.headers.get('content-type') ?? 'application/octet-stream',
          }),
      ),
    contentStream: (id, read = {}) =>
      call(get(`/v1/entities/${id}/content`, read, pastParameters(read)), streamOf),
    attachmentStream: async (id, key, read = {}) =>
      call(get(`/v1/entities/${id}/attachments/${pathPart(key)}`, read, pastParameters(read)), streamOf),
    status: (id, options = {}) =>
      call(getCall(urlOf(origin, `/v1/entities/${id}/status`), options), (response) =>
        parseAnswer(statusResponse, response),
      ),
    search: ({ q, mode, passages, ...read }) =>
      call(
        get('/v1/search', read, { q, mode, passages: passages && 'true', ...filterParameters(read) }),
        async (response) => readOf(response, await parseAnswer(searchResponse, response)),
      ),
  }
}

export function readParameters({ minSequence, waitMs, staleAllowed }: ReadOptions): Parameters {
  return { min_sequence: minSequence, wait: waitMs, stale: staleAllowed === true ? 'allow' : undefined }
}

const pastParameters = ({ asOf }: PastOptions): Parameters => ({ as_of: asOf })

function listParameters(options: ListOptions): Parameters {
  return {
    ...pastParameters(options),
    ...filterParameters(options),
    q: options.q,
    related_to: options.relatedTo,
    relation: options.relation,
    sort: options.sort,
    cursor: options.cursor,
  }
}

function filterParameters(options: FilterOptions): Parameters {
  return {
    type: options.type,
    tag: options.tag,
    any_tag: options.anyTag,
    status: options.status,
    due_before: options.dueBefore,
    due_after: options.dueAfter,
    created_before: options.createdBefore,
    created_after: options.createdAfter,
    updated_before: options.updatedBefore,
    updated_after: options.updatedAfter,
    limit: options.limit,
  }
}

function rangeHeaders(range: { start: number; end?: number } | undefined): Record<string, string> {
  return range === undefined ? {} : { range: `bytes=${range.start}-${range.end ?? ''}` }
}

export function readOf<T>(response: Response, value: T): Read<T> {
  return { value, sequence: Number(response.headers.get(httpHeaders.sequence) ?? 0) }
}

const streamOf = async (response: Response) =>
  readOf(response, {
    stream: response.body ?? emptyStream(),
    contentType: response.headers.get('content-type') ?? 'application/octet-stream',
  })

async function* emptyStream(): AsyncGenerator<Uint8Array> {}
