import type { ObjectStore } from '@synap/object-store'
import { withSpan } from '@synap/telemetry'

/**
 * The calls of a folder as spans, named as the S3 client's are, so that a trace shows the same steps in each way of
 * running. Keys stay out of them.
 */
export function traceStore(store: ObjectStore): ObjectStore {
  const traced = <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const facts = { 'rpc.service': 'Folder', 'rpc.method': operation }
    return withSpan(`Folder.${operation}`, { kind: 'client', attributes: facts }, work)
  }
  return {
    ...store,
    put: (...call) => traced('PutObject', () => store.put(...call)),
    get: (...call) => traced('GetObject', () => store.get(...call)),
    read: (...call) => traced('GetObject', () => store.read(...call)),
    delete: (...call) => traced('DeleteObject', () => store.delete(...call)),
    copy: (...call) => traced('CopyObject', () => store.copy(...call)),
  }
}
