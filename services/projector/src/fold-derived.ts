import {
  chosenModelProducer,
  type DerivedPlace,
  type DerivedRecord,
  type Embedded,
  type Extracted,
} from '@synap/contracts'
import type { UserId } from '@synap/core'

/** A record of the derived topic, read: what it says, or (a tombstone) that its key is gone. */
export type DerivedChange =
  | { kind: 'record'; record: DerivedRecord }
  | { kind: 'tombstone'; place: DerivedPlace }

/** Rows of this place go; with `tail`, those of all later blocks too. */
export interface BlockRemoval extends DerivedPlace {
  tail: boolean
}

/** What a batch of derived records comes to: first the removals, then the blocks. */
export interface DerivedEffect {
  removals: readonly BlockRemoval[]
  texts: readonly Extracted[]
  vectors: readonly Embedded[]
  /** By whose vectors a user's items are compared from now on; null = nobody chose. */
  chosen: ReadonlyMap<UserId, string | null>
}

/**
 * Folds records in their order: the last record of a key counts, a tombstone removes it, and a block of a result with
 * n blocks removes all blocks from n on. The effects of two halves, one after the other, give the same rows as the
 * effect of the whole.
 */
export function foldDerived(changes: readonly DerivedChange[]): DerivedEffect {
  const removals = new Map<string, BlockRemoval>()
  const kept = new Map<string, Map<number, DerivedRecord>>()
  const chosen = new Map<UserId, string | null>()

  const remove = (place: DerivedPlace, tail: boolean) => {
    const { userId, entityId, contentHash, producer, block } = place
    removals.set(`${resultOf(place)}/${block}/${tail}`, {
      userId,
      entityId,
      contentHash,
      producer,
      block,
      tail,
    })
    const blocks = kept.get(resultOf(place))
    for (const one of blocks?.keys() ?? []) if (one === block || (tail && one > block)) blocks?.delete(one)
  }

  for (const change of changes) {
    if (change.kind === 'tombstone') {
      if (change.place.producer === chosenModelProducer) chosen.set(change.place.userId, null)
      else remove(change.place, false)
      continue
    }
    const { record } = change
    if (record.type === 'synap.derived.ModelChosen') {
      chosen.set(record.userId, record.model)
      continue
    }
    remove(record, false)
    remove({ ...record, block: record.blockCount }, true)
    const blocks = kept.get(resultOf(record)) ?? new Map<number, DerivedRecord>()
    kept.set(resultOf(record), blocks.set(record.block, record))
  }

  const records = [...kept.values()].flatMap((blocks) => [...blocks.values()])
  return {
    removals: [...removals.values()],
    texts: records.filter((record) => record.type === 'synap.derived.Extracted'),
    vectors: records.filter((record) => record.type === 'synap.derived.Embedded'),
    chosen,
  }
}

function resultOf({ userId, entityId, contentHash, producer }: DerivedPlace): string {
  return `${userId}/${entityId}/${contentHash}/${producer}`
}
