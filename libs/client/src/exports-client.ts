import { type ExportView, exportView } from '@synap/contracts'
import { parseAnswer } from './parse-answer.ts'
import { readParameters } from './query-client.ts'
import type { CallOptions, Transport } from './transport.ts'
import type { ReadOptions } from './types.ts'
import { getCall, postCall, urlOf } from './urls.ts'

/** Archives of everything the user has; rejects like `IngestClient`. */
export interface ExportsClient {
  /**
   * Begins an export, or answers the one under way; with an idempotency key the same call answers the same export.
   * `minSequence`: it holds the events up to there.
   */
  startExport(options?: ReadOptions & { idempotencyKey?: string }): Promise<ExportView>
  /** How far it is; once it is done, with a link to the archive. Status 404 once it is over its time. */
  exportStatus(id: string, options?: CallOptions): Promise<ExportView>
}

export function buildExportsClient(call: Transport, origin: string): ExportsClient {
  const read = (response: Response) => parseAnswer(exportView, response)
  return {
    // While one is under way, asking twice is asking once.
    startExport: ({ idempotencyKey: key, ...options } = {}) =>
      call(
        {
          ...postCall(urlOf(origin, '/v1/exports', readParameters(options)), {}, true, options),
          waits: true,
          headers: key === undefined ? {} : { 'idempotency-key': key },
        },
        read,
      ),
    exportStatus: async (id, options = {}) =>
      call(getCall(urlOf(origin, `/v1/exports/${encodeURIComponent(id)}`), options), read),
  }
}
