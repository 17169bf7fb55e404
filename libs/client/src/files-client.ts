import { attachmentResponse, changeResponse, uploadView } from '@synap/contracts'
import { changeCall } from './change-call.ts'
import { buildFileForm, fileDeadlineMs } from './file-form.ts'
import type { FilesClient, SendFileOptions } from './file-types.ts'
import { parseAnswer } from './parse-answer.ts'
import { pathPart } from './path-part.ts'
import type { Call, Transport } from './transport.ts'
import type { FileSource } from './types.ts'
import { getCall, urlOf } from './urls.ts'

export function buildFilesClient(call: Transport, origin: string): FilesClient {
  const at = (path: string) => urlOf(origin, path)
  const send = (
    method: Call['method'],
    path: string,
    source: FileSource,
    options: SendFileOptions = {},
  ): Call => ({
    ...changeCall(method, at(path), undefined, options),
    repeatable: 'path' in source,
    form: () => buildFileForm(undefined, source, options),
    deadlineMs: options.deadlineMs ?? fileDeadlineMs,
  })

  return {
    replaceContent: (id, content, options = {}) =>
      call(changeCall('PUT', at(`/v1/entities/${id}/content`), { content }, options), (response) =>
        parseAnswer(changeResponse, response),
      ),
    replaceFile: (id, source, options) =>
      call(send('PUT', `/v1/entities/${id}/content`, source, options), (response) =>
        parseAnswer(changeResponse, response),
      ),
    attachFile: (id, source, options) =>
      call(send('POST', `/v1/entities/${id}/attachments`, source, options), (response) =>
        parseAnswer(attachmentResponse, response),
      ),
    removeAttachment: async (id, key, options = {}) =>
      call(
        changeCall('DELETE', at(`/v1/entities/${id}/attachments/${pathPart(key)}`), undefined, options),
        (response) => parseAnswer(changeResponse, response),
      ),
    openUpload: (request, options = {}) =>
      call(changeCall('POST', at('/v1/uploads'), request, options), (response) =>
        parseAnswer(uploadView, response),
      ),
    getUpload: (id, options = {}) =>
      call(getCall(at(`/v1/uploads/${id}`), options), (response) => parseAnswer(uploadView, response)),
    completeUpload: (id, options = {}) =>
      call(
        {
          ...changeCall('POST', at(`/v1/uploads/${id}:complete`), undefined, options),
          // What lies in the store may have to be read.
          deadlineMs: fileDeadlineMs,
        },
        (response) => parseAnswer(changeResponse, response),
      ),
  }
}
