import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { SynapError } from '@synap/core'
import { createSniffer, type FileKind } from '@synap/file-types'
import type { ObjectBody } from '@synap/object-store'
import { assertWithinLimit } from './assert-within-limit.ts'
import type { FileLimits } from './upload-config.ts'

export interface SpoolOptions {
  folder: string
  /** Bytes of all uploads under way that may lie in the folder. */
  maxBytes: number
  limits: FileLimits
}

/** A file that has arrived: its bytes lie here until it is closed. */
export interface SpooledFile {
  size: number
  /** 64 hexadecimal characters. */
  sha256: string
  kind: FileKind
  /** The beginning of a text, at most 64 KiB; empty for anything else. */
  beginning: string
  /** Each call reads from the start. */
  body(): ObjectBody
  /** Frees what it takes. May be called twice. */
  close(): Promise<void>
}

/** Where uploads lie until their hash is known, which is part of the key they are stored under. */
export interface Spool {
  /**
   * Takes bytes in to their end. Rejects with the problem `tooLarge`, with `upload.no_room` (dependency) when the disk or
   * the share of uploads is full, with `upload.folder` (configuration), or with what `source` rejects with; nothing is
   * left behind then.
   */
  receive(source: AsyncIterable<Uint8Array>, name: string | null): Promise<SpooledFile>
}

/** Smaller files stay in memory. */
const memoryBytes = 262_144
const readBytes = 65_536
const prefix = 'synap-upload-'
const noRoom = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EMFILE', 'ENFILE'])

/** Makes the folder and removes what a killed process left in it. Rejects with `upload.folder` (configuration). */
export async function createSpool(options: SpoolOptions): Promise<Spool> {
  const { folder } = options
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // The name of a file lives for an instant (see openNameless), so one that is seen here is of no use to anybody.
    for (const name of await readdir(folder))
      if (name.startsWith(prefix)) await rm(join(folder, name), { force: true })
  } catch (error) {
    throw fileError(error)
  }
  const used = { bytes: 0 }
  return { receive: (source, name) => receive(options, used, source, name) }
}

async function receive(
  { folder, maxBytes, limits }: SpoolOptions,
  used: { bytes: number },
  source: AsyncIterable<Uint8Array>,
  name: string | null,
): Promise<SpooledFile> {
  const sniffer = createSniffer(name)
  const hash = createHash('sha256')
  const store = createStore(folder)
  let size = 0
  const close = async () => {
    used.bytes -= size
    size = 0
    await store.close()
  }
  try {
    for await (const chunk of source) {
      size += chunk.length
      used.bytes += chunk.length
      if (used.bytes > maxBytes) throw full('the uploads under way take all the room they may have')
      hash.update(chunk)
      await sniffer.push(chunk)
      assertWithinLimit(sniffer.seems, size, limits)
      await store.add(chunk)
    }
    const kind = await sniffer.end()
    assertWithinLimit(kind, size, limits)
    const [bytes, sha256] = [size, hash.digest('hex')]
    return {
      size: bytes,
      sha256,
      kind,
      beginning: sniffer.beginning,
      body: () => store.body(bytes, sha256),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Store {
  add(chunk: Uint8Array): Promise<void>
  body(size: number, sha256: string): ObjectBody
  close(): Promise<void>
}

/** Memory while it is little, then a file. */
function createStore(folder: string): Store {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let file: FileHandle | undefined
  return {
    add: async (chunk) => {
      if (file === undefined && heldBytes + chunk.length <= memoryBytes) {
        held.push(chunk)
        heldBytes += chunk.length
        return
      }
      try {
        file ??= await openNameless(folder)
        for (const each of [...held, chunk]) await file.writeFile(each)
      } catch (error) {
        throw fileError(error)
      }
      held = []
    },
    body: (size, sha256) =>
      file === undefined
        ? Buffer.concat(held)
        : { stream: Readable.from(readFrom(file), { objectMode: false }), size, sha256 },
    close: async () => {
      held = []
      await file?.close()
      file = undefined
    },
  }
}

/** From the start, with a position of its own: a stream of `FileHandle` closes the file when it is destroyed. */
async function* readFrom(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readBytes), 0, readBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/** A file that has no name any more: the system takes it back when it is closed, also when the process is killed. */
async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, prefix + randomBytes(12).toString('hex'))
  const file = await open(path, 'wx+', 0o600)
  await rm(path, { force: true })
  return file
}

function full(message: string, cause?: unknown): SynapError {
  return new SynapError(message, { code: 'upload.no_room', class: 'dependency', retryAfterMs: 10_000, cause })
}

function fileError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof SynapError) return error
  if (noRoom.has(String(error.code))) return full('the disk for uploads is full', error)
  return new SynapError('the folder for uploads cannot be used', {
    code: 'upload.folder',
    class: 'configuration',
    cause: error,
    fields: { reason: String(error.code) },
  })
}
