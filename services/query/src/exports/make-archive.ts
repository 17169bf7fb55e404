import { Readable } from 'node:stream'
import { SynapError, type UserId } from '@synap/core'
import type { EventLog } from '@synap/event-log'
import type { ObjectStore } from '@synap/object-store'
import { findPosition } from '../sql/find-position.ts'
import { archiveKey, type ExportState } from './export-state.ts'
import { fileEvents } from './read-user-data.ts'
import { writeArchive } from './write-archive.ts'

/** Puts the archive of an export in the store, and its size, hash and gaps into `state`. */
export async function makeArchive(
  { log, store }: { log: EventLog; store: ObjectStore },
  userId: UserId,
  state: ExportState,
  signal: AbortSignal,
): Promise<void> {
  if (state.attempt > 1) await store.delete(archiveKey(userId, { ...state, attempt: state.attempt - 1 }))
  const look = () => log.ask(userId, (client) => findPosition(client, 'log', userId), signal)
  const position = await look()
  const sequence = Math.max(position.seen, state.minSequence)
  state.sequence = sequence
  const missing = position.parked.filter((slot) => slot.sequence <= sequence)
  const made = writeArchive({
    log,
    store,
    userId,
    exportId: state.id,
    createdAt: Date.now(),
    sequence,
    missing,
    progress: state.progress,
    signal,
  })
  let gaps: ExportState['gaps'] = null
  const bytes = async function* () {
    for (;;) {
      const next = await made.next()
      if (next.done === true) {
        const { missingEvents, incomplete, fileProblems } = next.value
        gaps = {
          missingEvents: missingEvents.length,
          incomplete: incomplete.length,
          files: fileProblems.length,
        }
        break
      }
      yield next.value
    }
    // An event that turned up meanwhile is in some of the parts and not in others.
    const after = (await look()).parked.filter((slot) => slot.sequence <= sequence)
    if (after.length !== missing.length) throw moved()
  }
  const atMost = (await sizeOfFiles(log, userId, signal)) * 1.01 + sequence * bytesPerEvent + 2 ** 24
  const stream = Readable.from(bytes(), { objectMode: false, highWaterMark: 262_144 })
  const { size, sha256 } = await store.put(
    archiveKey(userId, state),
    { stream },
    { contentType: 'application/zip', atMost, signal },
  )
  state.archive = { size, sha256: sha256 ?? '' }
  state.gaps = gaps
}

/** More than an event takes in any of the parts, with what its item comes to. */
const bytesPerEvent = 8_192

/** Bytes of all files there ever were: an archive holds them, and hardly packs them. */
async function sizeOfFiles(log: EventLog, userId: UserId, signal: AbortSignal): Promise<number> {
  let bytes = 0
  for await (const page of log.walk(userId, { types: [...fileEvents] }, { signal })) {
    for (const { delta } of page) {
      const { file, attachment } = delta as Partial<Record<'file' | 'attachment', { size?: unknown }>>
      bytes += Number((file ?? attachment)?.size ?? 0)
    }
  }
  return bytes
}

const moved = () =>
  new SynapError('an event turned up while it was exported', { code: 'export.moved', class: 'order' })
