import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { objectError } from './errors.ts'

/**
 * Passes bytes on while hashing them, always one chunk behind: the last chunk leaves only when hash and length are
 * right, so whoever reads to the end has the right bytes, and whoever forwards them has not sent all of the wrong ones.
 */
function verifyingStream(key: string, expected: { sha256: string; size: number }): Transform {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      seen += chunk.length
      if (held !== undefined) this.push(held)
      held = chunk
      done(
        seen > expected.size
          ? objectError('checksum_mismatch', { key, reason: 'longer than it should be' })
          : null,
      )
    },
    flush(done) {
      if (seen !== expected.size || hash.digest('hex') !== expected.sha256) {
        done(objectError('checksum_mismatch', { key }))
        return
      }
      if (held !== undefined) this.push(held)
      done()
    },
  })
}

/**
 * `source` through a verifying stream, its errors included (`pipe` alone leaves the reader waiting), translated by
 * `map`. An error before anybody listens is kept for the reader that comes, and does not end the process.
 */
export function verified(
  source: Readable,
  key: string,
  expected: { sha256: string; size: number },
  map: (error: unknown) => unknown = (error) => error,
): Readable {
  const through = verifyingStream(key, expected)
  through.on('error', () => undefined)
  through.on('close', () => source.destroy())
  source.on('error', (error) => through.destroy(map(error) as Error))
  return source.pipe(through)
}
