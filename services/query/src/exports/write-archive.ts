import { sha256Hex, type UserId } from '@synap/core'
import { stateVersion } from '@synap/domain'
import type { EventLog, LoggedEvent } from '@synap/event-log'
import {
  createTagCounts,
  createZipWriter,
  type ExportEvent,
  type ExportFile,
  type ExportManifest,
  exportFormat,
  exportFormatVersion,
  exportParts,
  filePath,
  schemaPath,
  type ZipWriter,
} from '@synap/export'
import type { ObjectStore } from '@synap/object-store'
import type { ParkedSlot } from '../sql/find-position.ts'
import { archiveReadme } from './archive-readme.ts'
import { openFile } from './open-file.ts'
import { type ReadUserData, readUserData, type UserFile } from './read-user-data.ts'

export interface ArchiveOptions {
  log: EventLog
  store: Pick<ObjectStore, 'get' | 'read'>
  userId: UserId
  exportId: string
  /** Milliseconds since 1970. */
  createdAt: number
  sequence: number
  /** Events up to the sequence that the log does not have. */
  missing: readonly ParkedSlot[]
  /** Changed as the archive grows. */
  progress: { part: string; events: number; entities: number; files: number; bytes: number }
  signal: AbortSignal
}

/** The archive as a stream of bytes: made as fast as it is read, and never held. Returns the manifest. */
export async function* writeArchive(options: ArchiveOptions): AsyncGenerator<Buffer, ExportManifest> {
  const zip = createZipWriter()
  try {
    const archive = new Archive(options, zip)
    yield* archive.write()
    return archive.manifest
  } finally {
    await zip.close()
  }
}

class Archive {
  readonly manifest: ExportManifest
  readonly #options: ArchiveOptions
  readonly #zip: ZipWriter
  readonly #incomplete: Map<string, string>
  readonly #data: ReadUserData
  /** By fingerprint. */
  readonly #schemas = new Map<string, string>()
  readonly #fingerprints = new Map<string, string>()

  constructor(options: ArchiveOptions, zip: ZipWriter) {
    const { userId, exportId, createdAt, sequence, missing } = options
    this.#options = options
    this.#zip = zip
    this.#incomplete = new Map(
      missing.flatMap(({ aggregateId }) => (aggregateId === null ? [] : [[aggregateId, 'missing_event']])),
    )
    this.#data = readUserData({ ...options, incomplete: this.#incomplete })
    this.manifest = {
      format: exportFormat,
      formatVersion: exportFormatVersion,
      exportId,
      userId,
      createdAt: new Date(createdAt).toISOString(),
      sequence,
      stateVersion,
      counts: { events: 0, entities: 0, relations: 0, tags: 0, files: 0, fileBytes: 0 },
      parts: [],
      missingEvents: missing.map(({ sequence, aggregateId, reason }) => ({ sequence, aggregateId, reason })),
      incomplete: [],
      fileProblems: [],
    }
  }

  async *write(): AsyncGenerator<Buffer, void> {
    const { counts } = this.manifest
    yield* this.#part(exportParts.readme, [archiveReadme])
    // First of all: what it finds unreadable is left out of the states.
    counts.events = yield* this.#lines(exportParts.events, this.#events())
    const user = await this.#data.user()
    yield* this.#part(exportParts.user, [`${JSON.stringify(user, null, 2)}\n`])
    const tags = createTagCounts(user ?? undefined)
    counts.entities = yield* this.#lines(exportParts.entities, this.#entities(tags))
    counts.relations = yield* this.#lines(exportParts.relations, each(this.#data.relations()))
    counts.tags = yield* this.#lines(exportParts.tags, tags.all())
    counts.files = yield* this.#lines(exportParts.files, this.#fileLines())
    for (const [fingerprint, text] of this.#schemas) yield* this.#part(schemaPath(fingerprint), [text])
    for await (const file of this.#data.files()) yield* this.#file(file)
    this.manifest.incomplete = [...this.#incomplete].map(([aggregateId, reason]) => ({ aggregateId, reason }))
    yield* this.#add(exportParts.manifest, [`${JSON.stringify(this.manifest, null, 2)}\n`])
    yield* this.#zip.end()
    this.#options.progress.bytes = this.#zip.written()
  }

  async *#add(path: string, content: AsyncIterable<string | Uint8Array> | Iterable<string>) {
    const { progress, signal } = this.#options
    if (!path.startsWith('content/')) progress.part = path
    const zip = this.#zip
    const packed = zip.add(path, buffers(content))
    for (;;) {
      signal.throwIfAborted()
      const next = await packed.next()
      progress.bytes = zip.written()
      if (next.done === true) return next.value
      yield next.value
    }
  }

  async *#part(path: string, content: AsyncIterable<string> | Iterable<string>, lines?: { count: number }) {
    const { size, sha256 } = yield* this.#add(path, content)
    this.manifest.parts.push({ path, size, sha256, lines: lines?.count ?? null })
  }

  /** Answers how many. */
  async *#lines(
    path: string,
    values: AsyncIterable<object> | Iterable<object>,
  ): AsyncGenerator<Buffer, number> {
    const lines = { count: 0 }
    const texts = async function* () {
      for await (const value of values) {
        lines.count += 1
        yield `${JSON.stringify(value)}\n`
      }
    }
    yield* this.#part(path, texts(), lines)
    return lines.count
  }

  async *#events(): AsyncGenerator<ExportEvent, void> {
    const missing = new Set(this.#options.missing.map(({ sequence }) => sequence))
    for await (const page of this.#data.events()) {
      for (const { event, schema } of page) {
        if (missing.has(event.sequence)) continue
        this.#options.progress.events += 1
        yield toExportEvent(event, this.#fingerprint(schema))
      }
    }
  }

  #fingerprint(schema: string): string {
    const known = this.#fingerprints.get(schema) ?? sha256Hex(schema)
    this.#fingerprints.set(schema, known)
    this.#schemas.set(known, schema)
    return known
  }

  async *#entities(tags: ReturnType<typeof createTagCounts>) {
    for await (const entity of each(this.#data.entities())) {
      tags.add(entity)
      this.#options.progress.entities += 1
      yield entity
    }
  }

  async *#fileLines(): AsyncGenerator<ExportFile, void> {
    for await (const { entityId, kind, name, file } of this.#data.files()) {
      const { contentType, size, sha256 } = file
      yield { path: this.#pathOf(file.key), entityId, kind, name, contentType, size, sha256 }
    }
  }

  #pathOf(key: string): string {
    return filePath(this.#options.userId, key)
  }

  async *#file({ file, isPurged }: UserFile): AsyncGenerator<Buffer, void> {
    const { store, progress, signal } = this.#options
    const { counts, fileProblems } = this.manifest
    const path = this.#pathOf(file.key)
    progress.part = 'content'
    if (isPurged) {
      fileProblems.push({ path, reason: 'purged' })
      return
    }
    const opened = await openFile(store, file, signal)
    if (opened.outcome === 'opened') {
      const { size } = yield* this.#add(path, opened.bytes())
      if (opened.isWhole()) counts.fileBytes += size
      else fileProblems.push({ path, reason: 'damaged' })
    } else {
      fileProblems.push({ path, reason: opened.outcome })
    }
    progress.files += 1
  }
}

async function* each<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T, void> {
  for await (const page of pages) yield* page
}

const blockBytes = 65_536

/** Lines are short: they are packed together, so that zlib is not called for each. */
async function* buffers(
  content: AsyncIterable<string | Uint8Array> | Iterable<string>,
): AsyncGenerator<Uint8Array, void> {
  let held = ''
  for await (const piece of content) {
    if (typeof piece !== 'string') {
      yield piece
      continue
    }
    held += piece
    if (held.length < blockBytes) continue
    yield Buffer.from(held)
    held = ''
  }
  if (held !== '') yield Buffer.from(held)
}

function toExportEvent(event: LoggedEvent, schema: string): ExportEvent {
  const { userId: _user, schemaNo: _no, ...rest } = event
  return { ...rest, schema } as unknown as ExportEvent
}
