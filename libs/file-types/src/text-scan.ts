/** A streaming answer to "is this text?": UTF-8 without characters that no text holds. */
export interface TextScan {
  update(chunk: Uint8Array): void
  /** Also settles a character that was cut off at the end. */
  end(): void
  readonly isUtf8: boolean
  /** No control character but tab, line ends, form feed and escape. */
  readonly isPrintable: boolean
}

// The binary data bytes of https://mimesniff.spec.whatwg.org/#binary-data-byte
const isBinary = Array.from(
  { length: 256 },
  (_, byte) => byte < 0x20 && !'\t\n\f\r\u001B'.includes(String.fromCharCode(byte)),
)

export function createTextScan(): TextScan {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isUtf8 = true
  let isPrintable = true
  const decode = (chunk?: Uint8Array) => {
    try {
      if (chunk === undefined) decoder.decode()
      else decoder.decode(chunk, { stream: true })
    } catch {
      isUtf8 = false
    }
  }
  return {
    update: (chunk) => {
      // What was found once stays found: a video is not looked through to its end.
      for (let at = 0; isPrintable && at < chunk.length; at += 1) {
        if (isBinary[chunk[at] ?? 0]) isPrintable = false
      }
      if (isPrintable && isUtf8) decode(chunk)
    },
    end: () => {
      if (isPrintable && isUtf8) decode()
    },
    get isUtf8() {
      return isUtf8 && isPrintable
    },
    get isPrintable() {
      return isPrintable
    },
  }
}
