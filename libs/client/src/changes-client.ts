import { changeResponse, relationResponse, userResponse } from '@synap/contracts'
import { changeCall } from './change-call.ts'
import type { ChangeOptions, ChangesClient } from './change-types.ts'
import { parseAnswer } from './parse-answer.ts'
import { pathPart } from './path-part.ts'
import type { Call, Transport } from './transport.ts'

export function buildChangesClient(call: Transport, origin: string): ChangesClient {
  const send = (method: Call['method'], path: string, options: ChangeOptions = {}, body?: unknown) =>
    changeCall(method, new URL(path, origin), body, options)
  const entity = (...sent: Parameters<typeof send>) =>
    call(send(...sent), (response) => parseAnswer(changeResponse, response))
  const relation = (...sent: Parameters<typeof send>) =>
    call(send(...sent), (response) => parseAnswer(relationResponse, response))
  const user = (...sent: Parameters<typeof send>) =>
    call(send(...sent), (response) => parseAnswer(userResponse, response))

  return {
    patchEntity: (id, request, options) => entity('PATCH', `/v1/entities/${id}`, options, request),
    deleteEntity: (id, options) => entity('DELETE', `/v1/entities/${id}`, options),
    restoreEntity: (id, options) => entity('POST', `/v1/entities/${id}:restore`, options),
    purgeEntity: (id, options) => entity('POST', `/v1/entities/${id}:purge`, options),
    putTag: async (id, name, options) => entity('PUT', `/v1/entities/${id}/tags/${pathPart(name)}`, options),
    removeTag: async (id, name, options) =>
      entity('DELETE', `/v1/entities/${id}/tags/${pathPart(name)}`, options),
    acceptSuggestion: (id, field, request = {}, options) =>
      entity('POST', `/v1/entities/${id}/suggestions/${field}:accept`, options, request),
    rejectSuggestion: (id, field, request = {}, options) =>
      entity('POST', `/v1/entities/${id}/suggestions/${field}:reject`, options, request),
    enrich: (id, request = {}, options) => entity('POST', `/v1/entities/${id}:enrich`, options, request),
    undo: (id, event, options) => entity('POST', `/v1/entities/${id}:undo`, options, { event }),
    undoRelation: (id, event, options) => relation('POST', `/v1/relations/${id}:undo`, options, { event }),
    undoUser: (event, options) => user('POST', '/v1/me:undo', options, { event }),
    changeTag: (id, request, options) => user('PATCH', `/v1/tags/${id}`, options, request),
    mergeTag: (id, into, options) => user('POST', `/v1/tags/${id}:merge`, options, { into }),
    createRelation: (request, options) => relation('POST', '/v1/relations', options, request),
    deleteRelation: (id, options) => relation('DELETE', `/v1/relations/${id}`, options),
    changeSettings: (request, options) => user('PATCH', '/v1/me', options, request),
  }
}
