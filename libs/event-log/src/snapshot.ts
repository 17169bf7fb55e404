import { sha256Hex } from '@synap/core'
import { type AggregateState, stateVersion } from '@synap/domain'
import type { SnapshotRow } from './sql/find-aggregates.ts'

/** A snapshot is made at each of these versions: a replay folds fewer events than this, or is not bounded at all. */
export const snapshotEvery = 100

/** A state as it is stored. */
export function toSnapshot(state: AggregateState): SnapshotRow {
  const text = JSON.stringify(state)
  return {
    version: state.version,
    sequence: state.sequence ?? 0,
    state: text,
    checksum: checksumOf(state.id, state.version, text),
  }
}

/** The state in a snapshot of `aggregateId`, or undefined when it is not what was stored: then it is folded anew. */
export function parseSnapshot(aggregateId: string, row: SnapshotRow): AggregateState | undefined {
  if (checksumOf(aggregateId, row.version, row.state) !== row.checksum) return undefined
  try {
    const state = JSON.parse(row.state) as AggregateState
    return state.id === aggregateId && state.version === row.version ? state : undefined
  } catch {
    return undefined
  }
}

function checksumOf(aggregateId: string, version: number, state: string): string {
  return sha256Hex(`${stateVersion}\n${aggregateId}\n${version}\n${state}`)
}
