import { type EntityId, isUuid, type UserId } from '@synap/core'
import { producerSchema } from './records.ts'

/** What a record of the derived topic replaces. */
export interface DerivedPlace {
  readonly userId: UserId
  readonly entityId: EntityId
  /** 64 hexadecimal characters. */
  readonly contentHash: string
  /** `extract@version` or `model@dimensions@chunker`. */
  readonly producer: string
  readonly block: number
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
