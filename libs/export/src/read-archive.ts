import { open } from 'node:fs/promises'
import { readEntries, readEntry } from './zip/read-zip.ts'

/** All of a small archive by path, unpacked into memory; for programs that look into one. Throws `BadArchive`. */
export async function readArchive(path: string): Promise<Map<string, Buffer>> {
  const file = await open(path, 'r')
  try {
    const parts = new Map<string, Buffer>()
    for (const [name, entry] of await readEntries(file)) {
      const chunks: Buffer[] = []
      for await (const chunk of readEntry(file, entry)) chunks.push(chunk)
      parts.set(name, Buffer.concat(chunks))
    }
    return parts
  } finally {
    await file.close()
  }
}
