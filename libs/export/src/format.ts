import { z } from 'zod'

/** Of the archive; another number means that older verifiers cannot read it. See `docs/reference/export-format.md`. */
export const exportFormat = 'synap-export'
export const exportFormatVersion = 1

/** What an archive holds besides `content/…` and `schemas/…`. */
export const exportParts = {
  readme: 'README.txt',
  user: 'user.json',
  entities: 'entities.ndjson',
  events: 'events.ndjson',
  relations: 'relations.ndjson',
  tags: 'tags.ndjson',
  files: 'files.ndjson',
  manifest: 'manifest.json',
} as const

const count = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const exportPart = z.strictObject({
  path: z.string(),
  size: count,
  sha256,
  /** Lines, for NDJSON. */
  lines: count.nullable(),
})
export type ExportPart = z.infer<typeof exportPart>

export const exportManifest = z.strictObject({
  format: z.literal(exportFormat),
  formatVersion: z.literal(exportFormatVersion),
  exportId: z.uuid(),
  userId: z.uuid(),
  createdAt: z.iso.datetime(),
  /** Everything in the archive is true for the user's events up to here. */
  sequence: count,
  /** Of the fold that made the states. */
  stateVersion: count,
  counts: z.strictObject({
    events: count,
    entities: count,
    relations: count,
    tags: count,
    files: count,
    fileBytes: count,
  }),
  parts: z.array(exportPart),
  /** Events that the log did not have yet; what they are about is not among the states. */
  missingEvents: z.array(
    z.strictObject({ sequence: count, aggregateId: z.string().nullable(), reason: z.string() }),
  ),
  /** Aggregates that could not be folded: an event is missing, or needs newer code. */
  incomplete: z.array(z.strictObject({ aggregateId: z.string(), reason: z.string() })),
  /** Files that the object store did not have, or not as they were captured. */
  fileProblems: z.array(
    z.strictObject({ path: z.string(), reason: z.enum(['missing', 'damaged', 'purged']) }),
  ),
})
export type ExportManifest = z.infer<typeof exportManifest>

/** A line of `events.ndjson`: nothing of the event is lost, so it can be encoded again to the very same bytes. */
export const exportEvent = z.strictObject({
  id: z.uuid(),
  type: z.string(),
  aggregateType: z.string(),
  aggregateId: z.uuid(),
  version: z.int().min(1),
  sequence: z.int().min(1),
  /** Milliseconds since 1970. */
  occurredAt: z.int(),
  source: z.string(),
  correlationId: z.string(),
  causationId: z.uuid().nullable(),
  actor: z.strictObject({ kind: z.string(), id: z.string().nullable() }),
  delta: z.record(z.string(), z.json()),
  /** Envelope fields that were not known when it was logged. */
  extra: z.record(z.string(), z.json()).nullable(),
  /** SHA-256 of the schema it was written with: `schemas/<it>.avsc`. */
  schema: sha256,
})
export type ExportEvent = z.infer<typeof exportEvent>

/** A line of `files.ndjson`. */
export const exportFile = z.strictObject({
  path: z.string(),
  entityId: z.uuid(),
  kind: z.enum(['content', 'attachment']),
  name: z.string().nullable(),
  contentType: z.string(),
  size: count,
  sha256,
})
export type ExportFile = z.infer<typeof exportFile>

/** A line of `tags.ndjson`. */
export interface ExportTag {
  id: string
  name: string
  color: string | null
  /** Items that have it and are not deleted. */
  items: number
}

export const schemaPath = (fingerprint: string) => `schemas/${fingerprint}.avsc`

/** Where an object lies in the archive: its key without the user. */
export function filePath(userId: string, key: string): string {
  const prefix = `users/${userId}/`
  if (!key.startsWith(prefix)) throw new TypeError('not an object of this user')
  return `content/${key.slice(prefix.length)}`
}
