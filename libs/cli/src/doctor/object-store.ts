import { uuidv7 } from '@synap/core'
import { createS3Store } from '@synap/object-store'
import { type Check, failed, ok } from './check.ts'
import { serverSettings, startServers } from './context.ts'

const names = ['S3_ENDPOINT', 'S3_REGION', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const

export const objectStore: Check = {
  name: 'object-store',
  otherwise: (context) => startServers(context, 'S3_ENDPOINT'),
  run: async (context, signal) => {
    const settings = serverSettings(context, names)
    if (settings === undefined) return undefined
    const store = createS3Store({
      endpoint: settings.S3_ENDPOINT,
      region: settings.S3_REGION,
      bucket: settings.S3_BUCKET,
      accessKeyId: settings.S3_ACCESS_KEY_ID,
      secretAccessKey: settings.S3_SECRET_ACCESS_KEY,
    })
    // Below no user's prefix: nothing else looks here.
    const key = `doctor/${uuidv7()}`
    const sent = Buffer.from('put by ./synap doctor, which takes it away again')
    try {
      await store.put(key, sent, { contentType: 'text/plain', signal })
      const { bytes } = await store.read(key, { maxBytes: 1_000, signal })
      await store.delete(key, { signal })
      return bytes.equals(sent)
        ? ok(`bucket ${settings.S3_BUCKET} at ${settings.S3_ENDPOINT}: put, read and deleted an object`)
        : failed('an object came back changed', 'Do not use this store: it damages content')
    } finally {
      await store.close()
    }
  },
}
