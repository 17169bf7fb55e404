import { idAddress, idBytes, type PackedVectors } from './packed-vectors.ts'

const places = 2 ** 20

/** The vectors of these entities, whose ids are 16 bytes each. */
export function vectorsOf(vectors: PackedVectors, ids: Uint8Array): Uint32Array {
  const wanted = new Set<string>()
  // Bits by the end of the id, which is random: most of the others are told from it alone.
  const ends = new Uint8Array(places / 8)
  const given = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength)
  for (let at = 0; at < given.length; at += idBytes) {
    wanted.add(given.toString('latin1', at, at + idBytes))
    const end = given.readUInt32LE(at + idBytes - 4) % places
    ends[end >> 3] = (ends[end >> 3] as number) | (1 << (end & 7))
  }
  const buffer = vectors.slabs.buffer()
  const [bytes, words] = [Buffer.from(buffer), new Uint32Array(buffer)]
  const found = new Uint32Array(vectors.count())
  let count = 0
  for (let vector = 0; vector < found.length; vector += 1) {
    const at = idAddress(vectors, vector)
    const end = (words[at / 4 + 3] as number) % places
    if (((ends[end >> 3] as number) & (1 << (end & 7))) === 0) continue
    if (wanted.has(bytes.toString('latin1', at, at + idBytes))) found[count++] = vector
  }
  return found.subarray(0, count)
}
