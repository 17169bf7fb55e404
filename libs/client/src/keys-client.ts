import { createKeyResponse, keyList, keyView } from '@synap/contracts'
import { parseAnswer } from './parse-answer.ts'
import type { Transport } from './transport.ts'
import type { KeysClient } from './types.ts'
import { callOptions, getCall, postCall, urlOf } from './urls.ts'

export function buildKeysClient(call: Transport, origin: string): KeysClient {
  return {
    createKey: (request, options = {}) =>
      call(postCall(urlOf(origin, '/v1/keys'), request, false, options), (response) =>
        parseAnswer(createKeyResponse, response),
      ),
    listKeys: (options = {}) =>
      call(getCall(urlOf(origin, '/v1/keys'), options), async (response) => {
        const { items } = await parseAnswer(keyList, response)
        return items
      }),
    currentKey: (options = {}) =>
      call(getCall(urlOf(origin, '/v1/keys/current'), options), (response) => parseAnswer(keyView, response)),
    revokeKey: (id, options = {}) =>
      call(
        {
          method: 'DELETE',
          url: urlOf(origin, `/v1/keys/${encodeURIComponent(id)}`),
          // Revoking twice keeps the first time.
          repeatable: true,
          ...callOptions(options),
        },
        async (response) => response.body?.cancel(),
      ),
  }
}
