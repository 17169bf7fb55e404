import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { objectError } from './errors.ts'

/** What the bytes have to be; what is left out is not checked. */
export interface Expected {
  sha256?: string | undefined
  size?: number | undefined
}

/** A stream with what was found out about its bytes. */
export interface Measured {
  stream: Readable
  /** After its end. */
  result(): { size: number; sha256: string }
}

/**
 * Passes bytes on while hashing them, always one chunk behind: the last chunk leaves only when hash and length are
 * right, so whoever reads to the end has the right bytes, and whoever forwards them has not sent all of the wrong ones.
 */
function verifyingStream(
  key: string,
  expected: Expected,
): { through: Transform; result: Measured['result'] } {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  let size = 0
  let sha256 = ''
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      if (held !== undefined) this.push(held)
      held = chunk
      done(
        size > (expected.size ?? Number.POSITIVE_INFINITY)
          ? objectError('checksum_mismatch', { key, reason: 'longer than it should be' })
          : null,
      )
    },
    flush(done) {
      sha256 = hash.digest('hex')
      if (size !== (expected.size ?? size) || sha256 !== (expected.sha256 ?? sha256)) {
        done(objectError('checksum_mismatch', { key }))
        return
      }
      if (held !== undefined) this.push(held)
      done()
    },
  })
  return { through, result: () => ({ size, sha256 }) }
}

/**
 * `source` through a verifying stream, its errors included (`pipe` alone leaves the reader waiting), translated by
 * `map`. An error before anybody listens is kept for the reader that comes, and does not end the process.
 */
export function measured(
  source: Readable,
  key: string,
  expected: Expected,
  map: (error: unknown) => unknown = (error) => error,
): Measured {
  const { through, result } = verifyingStream(key, expected)
  through.on('error', () => undefined)
  through.on('close', () => source.destroy())
  source.on('error', (error) => through.destroy(map(error) as Error))
  return { stream: source.pipe(through), result }
}

/** As `measured`, for who only reads. */
export function verified(...of: Parameters<typeof measured>): Readable {
  return measured(...of).stream
}
