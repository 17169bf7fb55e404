const shortText = 64
/** Where the pairs of digits of a UUID begin. */
const canonicalPlaces = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34)
const plainPlaces = Uint8Array.from({ length: 16 }, (_, index) => index * 2)
/** By ASCII code; -1 for what is no digit. */
const digitOf = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
)

const hyphen = 45
const isHyphenated = (text: string): boolean =>
  text.length === 36 &&
  text.charCodeAt(8) === hyphen &&
  text.charCodeAt(13) === hyphen &&
  text.charCodeAt(18) === hyphen &&
  text.charCodeAt(23) === hyphen

/** Bytes that grow; one per COPY. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  int16(value: number): void {
    this.#length = this.#room(2).writeInt16BE(value, this.#length)
  }

  int32(value: number): void {
    this.#length = this.#room(4).writeInt32BE(value, this.#length)
  }

  int64(value: bigint): void {
    this.#length = this.#room(8).writeBigInt64BE(value, this.#length)
  }

  /** A safe integer as eight bytes, without the detour over a bigint. */
  wideInteger(value: number): void {
    const bytes = this.#room(8)
    const high = Math.floor(value / 2 ** 32)
    bytes.writeInt32BE(high, this.#length)
    this.#length = bytes.writeUInt32BE(value - high * 2 ** 32, this.#length + 4)
  }

  /** The bytes of a lower-case UUID, with its hyphens or without. False for any other text. */
  uuid(text: string): boolean {
    const places = text.length === 36 ? canonicalPlaces : plainPlaces
    if (text.length !== 32 && !isHyphenated(text)) return false
    const bytes = this.#room(16)
    let codes = 0
    let digits = 0
    for (let index = 0; index < 16; index += 1) {
      const place = places[index] ?? 0
      const first = text.charCodeAt(place)
      const second = text.charCodeAt(place + 1)
      const high = digitOf[first & 127] ?? -1
      const low = digitOf[second & 127] ?? -1
      codes |= first | second
      digits |= high | low
      bytes[this.#length + index] = (high << 4) | low
    }
    // Of what is no digit some bit stands out: above ASCII in the codes, the sign in the digits.
    if (codes > 127 || digits < 0) return false
    this.#length += 16
    return true
  }

  /** Text as UTF-8; most texts of a row are short words, for which a call into the runtime costs more than they. */
  utf8(text: string): void {
    const bytes = this.#room(text.length * 3)
    if (text.length > shortText || !this.#ascii(bytes, text))
      this.#length += bytes.write(text, this.#length, 'utf8')
  }

  #ascii(bytes: Buffer, text: string): boolean {
    const start = this.#length
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index)
      if (code > 127) return false
      bytes[start + index] = code
    }
    this.#length = start + text.length
    return true
  }

  byte(value: number): void {
    this.#room(1)[this.#length] = value
    this.#length += 1
  }

  float4(value: number): void {
    this.#length = this.#room(4).writeFloatBE(value, this.#length)
  }

  float8(value: number): void {
    this.#length = this.#room(8).writeDoubleBE(value, this.#length)
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length).set(value, this.#length)
    this.#length += value.length
  }

  /** Leaves room for a length of 4 bytes; what `end` is to be given. */
  begin(): number {
    this.int32(0)
    return this.#length
  }

  /** Fills in the length of what was written since. */
  end(begun: number): void {
    this.#bytes.writeInt32BE(this.#length - begun, begun - 4)
  }

  /** What was written so far; the writer starts afresh. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = Buffer.allocUnsafe(this.#bytes.length)
    this.#length = 0
    return taken
  }

  /** Works with what was written so far, in place; then it is written over. */
  async use<T>(work: (bytes: Buffer) => Promise<T>): Promise<T> {
    try {
      return await work(this.#bytes.subarray(0, this.#length))
    } finally {
      this.#length = 0
    }
  }

  #room(more: number): Buffer {
    if (this.#length + more > this.#bytes.length) {
      const wider = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more))
      this.#bytes.copy(wider, 0, 0, this.#length)
      this.#bytes = wider
    }
    return this.#bytes
  }
}
