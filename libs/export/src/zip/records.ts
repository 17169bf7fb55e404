// The records of a ZIP file (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3): always with sizes of 64 bits, which every reader of
// the last twenty years knows. Names are UTF-8; times are left out, so the same data gives the same bytes.

export const signatures = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  end: 0x06054b50,
} as const

/** Sizes and CRC follow the data; the name is UTF-8. */
const flags = 0x0808
const deflate = 8
const version = 45
/** 1980-01-01, the beginning of the time of ZIP. */
const date = 0x0021
const none32 = 0xffffffff
const none16 = 0xffff

export interface ZipEntry {
  name: string
  crc32: number
  /** Bytes in the file, and unpacked. */
  packed: number
  size: number
  /** Where its local header begins. */
  offset: number
}

export function localHeader(name: string): Buffer {
  const text = Buffer.from(name)
  const fixed = Buffer.alloc(30)
  fixed.writeUInt32LE(signatures.local, 0)
  fixed.writeUInt16LE(version, 4)
  fixed.writeUInt16LE(flags, 6)
  fixed.writeUInt16LE(deflate, 8)
  fixed.writeUInt16LE(date, 12)
  fixed.writeUInt32LE(none32, 18)
  fixed.writeUInt32LE(none32, 22)
  fixed.writeUInt16LE(text.length, 26)
  fixed.writeUInt16LE(20, 28)
  return Buffer.concat([fixed, text, extra([0, 0])])
}

export function descriptor({ crc32, packed, size }: ZipEntry): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt32LE(signatures.descriptor, 0)
  bytes.writeUInt32LE(crc32, 4)
  bytes.writeBigUInt64LE(BigInt(packed), 8)
  bytes.writeBigUInt64LE(BigInt(size), 16)
  return bytes
}

export function centralHeader({ name, crc32, packed, size, offset }: ZipEntry): Buffer {
  const text = Buffer.from(name)
  const fixed = Buffer.alloc(46)
  fixed.writeUInt32LE(signatures.central, 0)
  fixed.writeUInt16LE(version, 4)
  fixed.writeUInt16LE(version, 6)
  fixed.writeUInt16LE(flags, 8)
  fixed.writeUInt16LE(deflate, 10)
  fixed.writeUInt16LE(date, 14)
  fixed.writeUInt32LE(crc32, 16)
  fixed.writeUInt32LE(none32, 20)
  fixed.writeUInt32LE(none32, 24)
  fixed.writeUInt16LE(text.length, 28)
  fixed.writeUInt16LE(28, 30)
  fixed.writeUInt32LE(none32, 42)
  return Buffer.concat([fixed, text, extra([size, packed, offset])])
}

/** The three records at the end: where the directory is, and how long. */
export function endRecords(entries: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(56 + 20 + 22)
  bytes.writeUInt32LE(signatures.end64, 0)
  bytes.writeBigUInt64LE(44n, 4)
  bytes.writeUInt16LE(version, 12)
  bytes.writeUInt16LE(version, 14)
  bytes.writeBigUInt64LE(BigInt(entries), 24)
  bytes.writeBigUInt64LE(BigInt(entries), 32)
  bytes.writeBigUInt64LE(BigInt(size), 40)
  bytes.writeBigUInt64LE(BigInt(offset), 48)
  bytes.writeUInt32LE(signatures.locator64, 56)
  bytes.writeBigUInt64LE(BigInt(offset + size), 64)
  bytes.writeUInt32LE(1, 72)
  bytes.writeUInt32LE(signatures.end, 76)
  bytes.writeUInt16LE(none16, 84)
  bytes.writeUInt16LE(none16, 86)
  bytes.writeUInt32LE(none32, 88)
  bytes.writeUInt32LE(none32, 92)
  return bytes
}

/** The extra field with sizes of 64 bits. */
function extra(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * values.length)
  bytes.writeUInt16LE(1, 0)
  bytes.writeUInt16LE(8 * values.length, 2)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 4 + 8 * index)
  return bytes
}
