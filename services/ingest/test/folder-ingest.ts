import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFolderStore, type ObjectStore } from '@synap/object-store'
import { createPool } from '@synap/postgres'
import { createLogger } from '@synap/telemetry'
import { z } from 'zod'
import { createSpool } from '../src/files/spool.ts'
import { directLimitsOf, fileLimitsOf, uploadConfig } from '../src/files/upload-config.ts'
import type { Operator } from '../src/operator.ts'
import type { OutboxWatch } from '../src/outbox-watch.ts'
import { createSchemaBook } from '../src/schema-book.ts'
import { buildServer } from '../src/server.ts'

export interface FolderIngest {
  url: string
  store: ObjectStore
  close(): Promise<void>
}

/** Nothing waits and nothing is refused. */
export const openWatch: OutboxWatch = {
  isFull: () => false,
  refusal: () => null,
  added: () => undefined,
  overview: () => undefined,
  begun: Promise.resolve(),
  close: () => Promise.resolve(),
}

/** The API of ingest in this process, on a folder for objects whose links it answers itself. No relay. */
export async function startFolderIngest(
  databaseUrl: string,
  environment: Record<string, string> = {},
): Promise<FolderIngest> {
  const folder = await mkdtemp(join(tmpdir(), 'synap-folder-ingest-'))
  const config = z.object(uploadConfig).parse({ uploadDir: join(folder, 'uploads'), ...environment })
  const pool = createPool({ url: databaseUrl, applicationName: 'folder-ingest', max: 6 })
  let url = ''
  const store = createFolderStore(join(folder, 'objects'), {
    baseUrl: () => url,
    secret: Buffer.alloc(32, 1),
  })
  const limits = fileLimitsOf(config)
  const app = await buildServer({
    pool,
    store,
    logger: createLogger('folder-ingest', { level: 'silent' }),
    schemas: await createSchemaBook(pool),
    outbox: openWatch,
    onCommitted: () => undefined,
    onClockJump: () => undefined,
    spool: await createSpool({ folder: config.uploadDir, maxBytes: config.uploadSpoolBytes, limits }),
    uploadTimeoutMs: config.uploadTimeoutMs,
    limits: directLimitsOf(config),
    maxUploadBytes: config.maxDirectUploadBytes,
    // Nothing in here asks it.
    operator: {} as Operator,
  })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    store,
    close: async () => {
      await app.close()
      await pool.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
