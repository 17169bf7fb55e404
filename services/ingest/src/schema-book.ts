import { avscOf, type EventType, eventTypes, fingerprintOf } from '@synap/contracts'
import { SynapError } from '@synap/core'
import type { Pool } from '@synap/postgres'
import { inTransaction } from './database.ts'
import { type SchemaRow, selectSchemas } from './sql/schemas.ts'

/** The schemas in `write.schemas`: what may be published, and under which id of the registry. */
export interface SchemaBook {
  /** By fingerprint, 64 hexadecimal characters. Throws `schema.unregistered` (configuration). */
  find: (fingerprint: string) => SchemaRow
  has: (fingerprint: string) => boolean
  /**
   * Reads the table again when the last time is some seconds ago, or at once when it lacks one of these: the register
   * command may have run since.
   */
  refresh: (fingerprints?: Iterable<string>) => Promise<void>
}

const freshMs = 5_000

export async function createSchemaBook(pool: Pool, maxAgeMs = freshMs): Promise<SchemaBook> {
  let readAt = 0
  let rows = new Map<string, SchemaRow>()
  const reload = async () => {
    const found = await inTransaction(pool, selectSchemas)
    rows = new Map(found.map((row) => [row.fingerprint, row]))
    readAt = performance.now()
  }
  await reload()
  return {
    find: (fingerprint) => {
      const row = rows.get(fingerprint)
      if (row !== undefined) return row
      throw new SynapError('a schema is not registered: run ./synap setup', {
        code: 'schema.unregistered',
        class: 'configuration',
        fields: { fingerprint },
      })
    },
    has: (fingerprint) => rows.has(fingerprint),
    refresh: async (fingerprints = []) => {
      const isOld = performance.now() - readAt >= maxAgeMs
      if (isOld || [...fingerprints].some((fingerprint) => !rows.has(fingerprint))) await reload()
    },
  }
}

const fingerprints = new Map<EventType, string>()

/** The fingerprint of today's schema of a type, 64 hexadecimal characters. */
export function currentFingerprint(type: EventType): string {
  const known = fingerprints.get(type)
  if (known !== undefined) return known
  const made = fingerprintOf(avscOf(type)).toString('hex')
  fingerprints.set(type, made)
  return made
}

/** Whether events are written with this schema today. */
export const isCurrentFingerprint = (fingerprint: string): boolean =>
  eventTypes.some((type) => currentFingerprint(type) === fingerprint)

/** Rejects with `schema.unregistered`, naming every type that could be emitted but never published. */
export function assertSchemasRegistered(book: SchemaBook): void {
  const missing = eventTypes.filter((type) => !book.has(currentFingerprint(type)))
  if (missing.length === 0) return
  throw new SynapError(`no registered schema for ${missing.join(', ')}: run ./synap setup`, {
    code: 'schema.unregistered',
    class: 'configuration',
    fields: { missing: missing.length },
  })
}
