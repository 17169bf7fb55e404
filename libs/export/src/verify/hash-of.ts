import { createHash } from 'node:crypto'
import { BadArchive } from '../bad-archive.ts'
import type { Findings } from './findings.ts'

/** Of what can be read; that it cannot be read to its end is found. */
export async function hashOf(
  bytes: AsyncIterable<Buffer>,
  findings: Findings,
  path: string,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  try {
    for await (const chunk of bytes) {
      hash.update(chunk)
      size += chunk.length
    }
  } catch (error) {
    if (!(error instanceof BadArchive)) throw error
    findings.add(path, 'is damaged: its packed bytes do not give what they should')
  }
  return { sha256: hash.digest('hex'), size }
}
