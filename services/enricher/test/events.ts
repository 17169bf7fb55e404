import type { DeltaOf, EventType, FileType, SynapEvent } from '@synap/contracts'
import { aggregateTypeOf } from '@synap/contracts'
import { type EntityId, type EventId, sha256Hex, type UserId, uuidv7 } from '@synap/core'
import type { PlacedEvent } from '@synap/inbox'

export const newUser = () => uuidv7() as UserId
export const newEntity = () => uuidv7() as EntityId

/** An id that was made so many milliseconds ago: a UUIDv7 begins with its time. */
function idOfAge(ageMs: number): EventId {
  const time = (Date.now() - ageMs).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${uuidv7().slice(13)}` as EventId
}

/**
 * Events of one user with the numbers that ingest would give them.
 *
 * @param ageMs how long ago their ids were made.
 */
export function createHistory(userId: UserId = newUser(), ageMs = 0) {
  const versions = new Map<string, number>()
  let sequence = 0
  let clock = Date.parse('2026-11-18T14:30:00.000Z')

  const event = <T extends EventType>(
    type: T,
    aggregateId: string,
    delta: DeltaOf<T>,
  ): PlacedEvent<SynapEvent> => {
    const version = (versions.get(aggregateId) ?? 0) + 1
    versions.set(aggregateId, version)
    sequence += 1
    clock += 1_000
    const id = idOfAge(ageMs)
    const body = {
      type,
      id,
      userId,
      aggregateId,
      aggregateType: aggregateTypeOf(type),
      version,
      sequence,
      occurredAt: clock,
      source: 'api',
      correlationId: '0af7651916cd43dd8448eb211c80319c',
      causationId: null,
      actor: { kind: 'user', id: null },
      delta,
    } as unknown as SynapEvent
    return {
      id,
      type,
      userId,
      aggregateId,
      aggregateType: aggregateTypeOf(type),
      version,
      sequence,
      event: body,
      schema: { id: 1, fingerprint: '', text: '' },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: null,
      sender: { traceparent: null, tracestate: null },
      headers: {},
      record: null,
    }
  }

  const created = (entityId: EntityId, title: string | null = null, timeZone: string | null = null) =>
    event('entity.created', entityId, { type: 'note', title, timeZone })
  const uploaded = (
    entityId: EntityId,
    content: string | Buffer,
    fileType: FileType = 'markdown',
    timeZone: string | null = null,
  ) =>
    event('entity.file_uploaded', entityId, {
      file: fileOf(userId, entityId, content, fileType),
      oldFile: null,
      oldPreview: null,
      preview: null,
      timeZone,
    })
  return { userId, event, created, uploaded }
}

export type History = ReturnType<typeof createHistory>

export function fileOf(userId: UserId, entityId: EntityId, content: string | Buffer, fileType: FileType) {
  const sha256 = sha256Hex(content)
  return {
    key: `users/${userId}/notes/${entityId}.${sha256.slice(0, 16)}.md`,
    sha256,
    size: Buffer.byteLength(content),
    contentType: 'text/markdown',
    fileType,
    uploadedAt: 1_795_000_000_000,
  }
}
