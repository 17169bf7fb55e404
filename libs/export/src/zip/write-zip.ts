import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'
import { centralHeader, descriptor, endRecords, localHeader, type ZipEntry } from './records.ts'
import { createSpooledDirectory } from './spool-directory.ts'

export interface WrittenPart {
  /** Unpacked bytes and their SHA-256. */
  size: number
  sha256: string
}

/** A ZIP file as it comes into being. Yield everything that `add` gives, each `add` to its end, then `end`. */
export interface ZipWriter {
  /** One file of the archive, deflated. An error of `content` ends the archive. */
  add(name: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, WrittenPart>
  end(): AsyncGenerator<Buffer, void>
  /** Bytes so far. */
  written(): number
  close(): Promise<void>
}

/** Keeps no more of the archive than zlib does; the directory goes through a temporary file. */
export function createZipWriter(): ZipWriter {
  const directory = createSpooledDirectory()
  let offset = 0
  const counted = (bytes: Buffer) => {
    offset += bytes.length
    return bytes
  }
  return {
    async *add(name, content) {
      const entry: ZipEntry = { name, crc32: 0, packed: 0, size: 0, offset }
      const hash = createHash('sha256')
      const watched = async function* () {
        for await (const chunk of content) {
          entry.crc32 = crc32(chunk, entry.crc32)
          entry.size += chunk.length
          hash.update(chunk)
          yield chunk
        }
      }
      yield counted(localHeader(name))
      const source = Readable.from(watched(), { objectMode: false })
      const packed = createDeflateRaw()
      // `pipe` alone leaves the reader waiting when the source fails.
      source.on('error', (error) => packed.destroy(error))
      packed.on('close', () => source.destroy())
      for await (const chunk of source.pipe(packed)) {
        entry.packed += (chunk as Buffer).length
        yield counted(chunk as Buffer)
      }
      yield counted(descriptor(entry))
      await directory.add(centralHeader(entry))
      return { size: entry.size, sha256: hash.digest('hex') }
    },
    async *end() {
      const start = offset
      for await (const bytes of directory.read()) yield counted(bytes)
      yield counted(endRecords(directory.entries(), start, directory.size()))
    },
    written: () => offset,
    close: () => directory.close(),
  }
}
