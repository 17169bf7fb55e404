/// <reference lib="esnext.float16" />

/**
 * IEEE 754 half precision, little endian: two bytes for each number, about three decimal digits, up to ±65,504, rounded
 * to nearest with ties to even. Throws RangeError for a number that it cannot hold (NaN, infinite, too large).
 */
export function packFloat16(values: ArrayLike<number>): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 2)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? Number.NaN
    if (!Number.isFinite(Math.f16round(value))) throw new RangeError('half precision cannot hold this number')
    view.setFloat16(index * 2, value, true)
  }
  return bytes
}

/** The numbers of packed bytes. Throws RangeError for an odd number of bytes. */
export function unpackFloat16(bytes: Uint8Array): Float32Array {
  if (bytes.length % 2 !== 0) throw new RangeError('half precision numbers take two bytes each')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const values = new Float32Array(bytes.length / 2)
  for (let index = 0; index < values.length; index += 1) values[index] = view.getFloat16(index * 2, true)
  return values
}
