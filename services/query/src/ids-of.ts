import { bytesToUuid } from '@synap/core'

const idBytes = 16

/** Ids that lie one behind the other, 16 bytes each: many of them in one value cost a fraction of as many rows. */
export function idsOf(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length / idBytes }, (_, at) =>
    bytesToUuid(bytes.subarray(at * idBytes, (at + 1) * idBytes)),
  )
}
