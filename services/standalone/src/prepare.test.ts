import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedDatabase, type EmbeddedDatabase } from '@synap/embedded'
import { query } from '@synap/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateAll } from './prepare.ts'

describe('the schemas of standalone', () => {
  let dataDir: string
  let database: EmbeddedDatabase
  const log = { info: () => undefined, debug: () => undefined, warn: () => undefined, error: () => undefined }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'synap-prepare-'))
    database = await createEmbeddedDatabase({
      dataDir,
      logger: log,
      onExit: (error) => {
        throw error
      },
    })
  }, 60_000)
  afterAll(async () => {
    await database.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('given a first and a later start, vectors have the index by user and none that each of them pays for', async () => {
    for (const _start of ['first', 'later']) {
      await migrateAll(database.pool, new AbortController().signal)
      const indexes = await query<{ name: string; method: string }>(database.pool, {
        text: `
          select i.relname as name, a.amname as method
            from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am a on a.oid = i.relam
                 join pg_class t on t.oid = x.indrelid
           where t.relname = 'entity_vectors'
           order by i.relname`,
      })
      expect(indexes).toContainEqual({ name: 'entity_vectors_by_addition', method: 'btree' })
      expect(indexes.map(({ method }) => method)).not.toContain('hnsw')
    }
  }, 60_000)
})
