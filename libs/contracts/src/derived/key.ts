import { type EntityId, isUuid, type UserId } from '@synap/core'
import { producerSchema } from './records.ts'

/** What a record of the derived topic replaces. */
export interface DerivedPlace {
  readonly userId: UserId
  readonly entityId: EntityId
  /** 64 hexadecimal characters. */
  readonly contentHash: string
  /** `extract@version`, `model@dimensions@chunker`, or that of a chosen model. */
  readonly producer: string
  readonly block: number
}

/** The producer of `ModelChosen`, which is about a user and no content. */
export const chosenModelProducer = 'chosen-model'

/** The one place of the choice of a user's model: the user stands for the entity, zeros for the content. */
export function chosenModelPlace(userId: UserId): DerivedPlace {
  return {
    userId,
    entityId: userId as string as EntityId,
    contentHash: '0'.repeat(64),
    producer: chosenModelProducer,
    block: 0,
  }
}

/** `user/entity/contentHash/producer/block`: the compaction key. The *partition* is the user's, not this key's. */
export function derivedKey({ userId, entityId, contentHash, producer, block }: DerivedPlace): string {
  return `${userId}/${entityId}/${contentHash}/${producer}/${block}`
}

/** The place a key names, or undefined when it is no key of ours. */
export function parseDerivedKey(key: string): DerivedPlace | undefined {
  const [userId = '', entityId = '', contentHash = '', producer = '', block = '', ...rest] = key.split('/')
  const valid =
    rest.length === 0 &&
    isUuid(userId) &&
    isUuid(entityId) &&
    /^[0-9a-f]{64}$/.test(contentHash) &&
    producerSchema.safeParse(producer).success &&
    /^(0|[1-9][0-9]{0,5})$/.test(block)
  if (!valid) return undefined
  return {
    userId: userId as UserId,
    entityId: entityId as EntityId,
    contentHash,
    producer,
    block: Number(block),
  }
}
