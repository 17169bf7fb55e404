import { sha256Hex, type UserId } from '@synap/core'
import { type AggregateState, evolve } from '@synap/domain'
import { type ExportEvent, type ExportManifest, exportEvent, exportParts, schemaPath } from '../format.ts'
import { toKnownEvent } from '../to-known-event.ts'
import type { Findings } from './findings.ts'
import { type Read, readLines } from './read-lines.ts'

export interface Folded {
  /** By the aggregate's id, without those that the manifest calls incomplete. */
  states: Map<string, AggregateState>
  /** Of every object that an event put in its place. */
  keys: Set<string>
}

/** Reads the events in the order of their sequence, finds gaps, and folds them. */
export async function foldEvents(
  manifest: ExportManifest,
  names: ReadonlySet<string>,
  read: Read,
  findings: Findings,
  fold: boolean,
): Promise<Folded> {
  const userId = manifest.userId as UserId
  const missing = new Set(manifest.missingEvents.map(({ sequence }) => sequence))
  const incomplete = new Set(manifest.incomplete.map(({ aggregateId }) => aggregateId))
  const schemas = createSchemas(names, read, findings)
  const folded: Folded = { states: new Map(), keys: new Set() }
  let expected = 1
  const skipMissing = () => {
    while (missing.has(expected)) expected += 1
  }
  for await (const { line, value } of readLines(exportParts.events, read(exportParts.events))) {
    const where = `${exportParts.events}:${line}`
    const parsed = exportEvent.safeParse(value)
    if (!parsed.success) {
      findings.add(where, 'is no event')
      continue
    }
    const event = parsed.data
    skipMissing()
    if (event.sequence !== expected)
      findings.add(where, `has sequence ${event.sequence} in place of ${expected}`)
    expected = Math.max(expected, event.sequence) + 1
    const schema = await schemas(event.schema, where)
    if (schema === undefined || incomplete.has(event.aggregateId)) continue
    foldOne(folded, event, { userId, schema, where, findings, fold })
  }
  skipMissing()
  if (expected !== manifest.sequence + 1)
    findings.add(exportParts.events, `ends at ${expected - 1} in place of ${manifest.sequence}`)
  return folded
}

function foldOne(
  { states, keys }: Folded,
  event: ExportEvent,
  of: { userId: UserId; schema: string; where: string; findings: Findings; fold: boolean },
): void {
  try {
    const known = toKnownEvent(event, of.userId, of.schema)
    if (known === undefined) {
      of.findings.add(
        of.where,
        `an event ${event.type} that this program does not know, and the manifest does not name`,
      )
      return
    }
    if (known.type === 'entity.file_uploaded') keys.add(known.delta.file.key)
    if (known.type === 'entity.attachment_added') keys.add(known.delta.attachment.key)
    if (of.fold) states.set(event.aggregateId, evolve(states.get(event.aggregateId), known))
  } catch {
    of.findings.add(of.where, 'does not follow from the events before it, or does not fit its schema')
  }
}

/** The schemas of the archive, each checked against its name. */
function createSchemas(names: ReadonlySet<string>, read: Read, findings: Findings) {
  const known = new Map<string, string | undefined>()
  return async (fingerprint: string, where: string): Promise<string | undefined> => {
    if (known.has(fingerprint)) return known.get(fingerprint)
    const path = schemaPath(fingerprint)
    let text: string | undefined
    if (names.has(path)) {
      const chunks: Buffer[] = []
      for await (const chunk of read(path)) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      if (sha256Hex(bytes) === fingerprint) text = bytes.toString()
    }
    if (text === undefined) findings.add(where, `its schema ${path} is missing or another one`)
    known.set(fingerprint, text)
    return text
  }
}
