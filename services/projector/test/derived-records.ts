import { chosenModelPlace, type Embedded, type Extracted, packFloat16 } from '@synap/contracts'
import type { EntityId, UserId } from '@synap/core'
import type { ReadDerived } from '../src/project-derived.ts'

export interface Subject {
  userId: UserId
  entityId: EntityId
  contentHash: string
}

/** A unit vector in one direction. */
export function axis(direction: number): Float32Array {
  const values = new Float32Array(1536)
  values[direction] = 1
  return values
}

export function extracted(subject: Subject, body: string | null, more: Partial<Extracted> = {}): ReadDerived {
  const record: Extracted = {
    ...subject,
    producer: 'extract@1',
    block: 0,
    blockCount: 1,
    textKey: body === null ? null : `users/${subject.userId}/derived/${subject.entityId}.txt`,
    language: 'en',
    analysable: body !== null,
    reason: body === null ? 'unsupported_type' : null,
    links: [],
    chunks: [{ index: 0, start: 0, end: body?.length ?? 0, byteStart: 0, byteEnd: body?.length ?? 0 }],
    ...more,
  }
  return { change: { kind: 'record', record: { type: 'synap.derived.Extracted', ...record } }, body }
}

/** A block of vectors for the chunks `chunks`, each in the direction of its number. */
export function embedded(
  subject: Subject,
  chunks: readonly number[],
  more: Partial<Embedded> = {},
): ReadDerived {
  const record: Embedded = {
    ...subject,
    producer: 'test-model@1536@chunks1',
    block: 0,
    blockCount: 1,
    model: 'test-model',
    dimensions: 1536,
    chunker: 'chunks1',
    vectors: chunks.map((chunk) => ({ chunk, start: 0, end: 10, values: packFloat16(axis(chunk)) })),
    ...more,
  }
  return { change: { kind: 'record', record: { type: 'synap.derived.Embedded', ...record } }, body: null }
}

/** The choice of the model by whose vectors a user is searched. */
export function chosen(userId: UserId, model: string): ReadDerived {
  const place = chosenModelPlace(userId)
  return {
    change: { kind: 'record', record: { type: 'synap.derived.ModelChosen', ...place, blockCount: 1, model } },
    body: null,
  }
}

export function tombstone(of: ReadDerived): ReadDerived {
  const { change } = of
  if (change.kind === 'tombstone') return of
  const { userId, entityId, contentHash, producer, block } = change.record
  return {
    change: { kind: 'tombstone', place: { userId, entityId, contentHash, producer, block } },
    body: null,
  }
}
