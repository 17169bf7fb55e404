import { objectError } from './errors.ts'
import type { ObjectStore } from './object-store.ts'

/** `read` of the port, over its `get`: both drivers share it. */
export async function readWhole(
  store: Pick<ObjectStore, 'get'>,
  key: string,
  { maxBytes, signal }: { maxBytes: number; signal?: AbortSignal },
): ReturnType<ObjectStore['read']> {
  const { info, stream } = await store.get(key, signal === undefined ? {} : { signal })
  if (info.size > maxBytes) {
    stream.destroy()
    throw objectError('too_large', { key })
  }
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return { info, bytes: Buffer.concat(chunks) }
}
