import { isNotFound, type ObjectStore } from '@synap/object-store'
import type { ReadDerivedOptions } from './read-derived.ts'

/** Reads the beginning of text objects: all of a small one, checked against its hash; a range of a large one. */
export function createTextReader(store: Pick<ObjectStore, 'get'>): ReadDerivedOptions['readText'] {
  return async (key, maxBytes, signal) => {
    const options = signal === undefined ? {} : { signal }
    try {
      let object = await store.get(key, options)
      if (object.info.size > maxBytes) {
        object.stream.destroy()
        object = await store.get(key, { ...options, range: { start: 0, end: maxBytes - 1 } })
      }
      const chunks: Buffer[] = []
      for await (const chunk of object.stream) chunks.push(chunk as Buffer)
      return new TextDecoder().decode(Buffer.concat(chunks))
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}
