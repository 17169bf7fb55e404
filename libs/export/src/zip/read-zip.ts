import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { BadArchive } from '../bad-archive.ts'
import { centralHeader, descriptor, endRecords, localHeader, signatures, type ZipEntry } from './records.ts'

const tailBytes = 98
const mostDirectoryBytes = 2 ** 31
const readBytes = 262_144

/**
 * The entries of a ZIP file, byte for byte as the writer makes it, so that no byte can be another unseen. Throws `BadArchive` for what is cut off or is no such file.
 */
export async function readEntries(file: FileHandle): Promise<Map<string, ZipEntry>> {
  const { size: fileSize } = await file.stat()
  if (fileSize < tailBytes) throw new BadArchive('it is too short for an archive')
  const tail = await readAt(file, fileSize - tailBytes, tailBytes)
  const isWhole =
    tail.readUInt32LE(0) === signatures.end64 &&
    tail.readUInt32LE(56) === signatures.locator64 &&
    tail.readUInt32LE(76) === signatures.end
  if (!isWhole) throw new BadArchive('its end is missing: it was cut off, or is no export')
  const [count, size, offset] = [32, 40, 48].map((at) => Number(tail.readBigUInt64LE(at)))
  if (count === undefined || size === undefined || offset === undefined) throw new TypeError('unreachable')
  if (offset + size !== fileSize - tailBytes || size > mostDirectoryBytes)
    throw new BadArchive('its table of contents is not where it should be')
  const directory = await readAt(file, offset, size)
  const entries = new Map<string, ZipEntry>()
  for (let at = 0; at < directory.length; ) {
    const { entry, length } = parseEntry(directory, at)
    if (entries.has(entry.name)) throw new BadArchive(`two files of it are called ${entry.name}`)
    entries.set(entry.name, entry)
    at += length
  }
  if (entries.size !== count || !tail.equals(endRecords(count, offset, size)))
    throw new BadArchive('its table of contents is not complete')
  let next = 0
  for (const entry of entries.values()) {
    if (entry.offset !== next) throw new BadArchive('there is something between its files')
    next += localHeader(entry.name).length + entry.packed + descriptor(entry).length
  }
  if (next !== offset) throw new BadArchive('there is something between its files')
  return entries
}

function parseEntry(directory: Buffer, at: number): { entry: ZipEntry; length: number } {
  const bad = () => new BadArchive('its table of contents is damaged')
  if (at + 46 > directory.length || directory.readUInt32LE(at) !== signatures.central) throw bad()
  const nameLength = directory.readUInt16LE(at + 28)
  const length = 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  const extra = at + 46 + nameLength
  if (at + length > directory.length || directory.readUInt16LE(at + 30) !== 28) throw bad()
  if (directory.readUInt16LE(extra) !== 1 || directory.readUInt16LE(extra + 2) !== 24) throw bad()
  const long = (from: number) => Number(directory.readBigUInt64LE(from))
  const entry = {
    name: directory.toString('utf8', at + 46, extra),
    crc32: directory.readUInt32LE(at + 16),
    size: long(extra + 4),
    packed: long(extra + 12),
    offset: long(extra + 20),
  }
  if (![entry.size, entry.packed, entry.offset].every(Number.isSafeInteger)) throw bad()
  if (!directory.subarray(at, at + length).equals(centralHeader(entry))) throw bad()
  return { entry, length }
}

/** The unpacked bytes of an entry; fails with `BadArchive` before its end when they are not what the directory says. */
export async function* readEntry(file: FileHandle, entry: ZipEntry): AsyncGenerator<Buffer, void> {
  const bad = (cause?: unknown) => new BadArchive(`${entry.name} is damaged`, { cause })
  const expected = localHeader(entry.name)
  if (!(await readAt(file, entry.offset, expected.length)).equals(expected)) throw bad()
  const start = entry.offset + expected.length
  const source = Readable.from(readRange(file, start, entry.packed), { objectMode: false })
  const inflated = createInflateRaw()
  source.on('error', (error) => inflated.destroy(error))
  inflated.on('close', () => source.destroy())
  let [sum, size] = [0, 0]
  try {
    for await (const chunk of source.pipe(inflated)) {
      sum = crc32(chunk as Buffer, sum)
      size += (chunk as Buffer).length
      if (size > entry.size) throw bad()
      yield chunk as Buffer
    }
  } catch (error) {
    throw error instanceof BadArchive ? error : bad(error)
  }
  if (sum !== entry.crc32 || size !== entry.size || inflated.bytesWritten !== entry.packed) throw bad()
  const end = descriptor(entry)
  if (!(await readAt(file, start + entry.packed, end.length)).equals(end)) throw bad()
}

async function* readRange(file: FileHandle, start: number, length: number): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < length; ) {
    const bytes = await readAt(file, start + at, Math.min(readBytes, length - at))
    yield bytes
    at += bytes.length
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  if (bytesRead < length) throw new BadArchive('it is cut off')
  return bytes
}
