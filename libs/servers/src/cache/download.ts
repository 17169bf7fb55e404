import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs'
import { setGlobalProxyFromEnv } from 'node:http'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type BackoffOptions, backoffMs, describeError, wait } from '@synap/core'

export interface Download {
  url: string
  /** Where it goes; appears there only when complete and checked. */
  file: string
  /** Lower-case hex of the expected SHA-256. */
  sha256: string
  /** Value of the Authorization header, for a private mirror. */
  authorization?: string
}

const attempts = 4
/** Milliseconds for one file; the largest (registry) has 160 MB. */
const deadlineMs = 600_000

let proxied = false

/** Fetches a file and checks its SHA-256. Honours HTTP(S)_PROXY. Tries four times, then rejects with the address. */
export async function download(
  item: Download,
  signal?: AbortSignal,
  backoff: BackoffOptions = { baseMs: 500, capMs: 5_000 },
): Promise<void> {
  if (!proxied) setGlobalProxyFromEnv()
  proxied = true
  mkdirSync(dirname(item.file), { recursive: true })
  const part = `${item.file}.part`
  for (let attempt = 1; ; attempt += 1) {
    const timeout = AbortSignal.timeout(deadlineMs)
    const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    try {
      await fetchOnce(item, part, both)
      renameSync(part, item.file)
      return
    } catch (error) {
      rmSync(part, { force: true })
      signal?.throwIfAborted()
      if (attempt === attempts || error instanceof Refused) {
        throw new Error(`cannot download ${item.url}: ${describeError(error)}`, { cause: error })
      }
      await wait(backoffMs(attempt, backoff), signal ?? new AbortController().signal)
    }
  }
}

/** The server's last word: trying again does not help. */
class Refused extends Error {}

async function fetchOnce(item: Download, part: string, signal: AbortSignal): Promise<void> {
  const headers = item.authorization === undefined ? {} : { authorization: item.authorization }
  const response = await fetch(item.url, { headers, signal })
  if (!response.ok || response.body === null) {
    const text = `the server answered ${response.status}`
    throw response.status >= 400 && response.status < 500 ? new Refused(text) : new Error(text)
  }
  const hash = createHash('sha256')
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(Readable.fromWeb(response.body), measure, createWriteStream(part), { signal })
  const actual = hash.digest('hex')
  if (actual !== item.sha256) throw new Error(`SHA-256 is ${actual}, expected ${item.sha256}`)
}
