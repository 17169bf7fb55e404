import Encoder from 'kafkajs/src/protocol/encoder.js'

/*
 * In kafkajs 2.2.4 each new encoder clears 512 bytes outside of V8's heap, each varint is an array and a Buffer of its
 * own, and each varlong a handful of BigInts. The bytes that are written stay the same.
 */
const { prototype } = Encoder
for (const name of ['ensureAvailable', 'writeUVarInt', 'writeVarLong', 'writeVarInt'] as const)
  if (typeof Reflect.get(prototype, name) !== 'function')
    throw new TypeError('kafkajs has another encoder than 2.2.4')

/** Small enough that V8 keeps it in its heap. */
const initialBytes = 64
const maxSmall = 2 ** 30

// With growing done below, only the constructor asks.
Encoder.nextPowerOfTwo = () => initialBytes

prototype.ensureAvailable = function (this: Encoder, length: number) {
  const needed = this.offset + length
  if (needed <= this.buf.length) return
  const larger = Buffer.allocUnsafe(2 ** Math.ceil(Math.log2(needed)))
  this.buf.copy(larger, 0, 0, this.offset)
  this.buf = larger
}

prototype.writeUVarInt = function (this: Encoder, value: number) {
  let rest = value >>> 0
  this.ensureAvailable(rest < 0x80 ? 1 : 5)
  for (; rest > 0x7f; rest >>>= 7) {
    this.buf[this.offset] = (rest & 0x7f) | 0x80
    this.offset += 1
  }
  this.buf[this.offset] = rest
  this.offset += 1
  return this
}

const stockWriteVarLong = Reflect.get(prototype, 'writeVarLong')
prototype.writeVarLong = function (this: Encoder, value: unknown) {
  return isSmall(value) ? this.writeVarInt(value) : Reflect.apply(stockWriteVarLong, this, [value])
}

const stockSizeOfVarLong = Reflect.get(Encoder, 'sizeOfVarLong')
Encoder.sizeOfVarLong = (value) =>
  isSmall(value) ? Encoder.sizeOfVarInt(value) : Reflect.apply(stockSizeOfVarLong, Encoder, [value])

function isSmall(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < maxSmall
}
