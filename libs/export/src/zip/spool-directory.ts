import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@synap/core'

const flushBytes = 65_536
const readBytes = 65_536

/** What comes last and grows with every entry: kept in a file that has no name, not in memory. */
export interface SpooledDirectory {
  add(record: Buffer): Promise<void>
  entries(): number
  size(): number
  read(): AsyncGenerator<Buffer, void>
  close(): Promise<void>
}

export function createSpooledDirectory(): SpooledDirectory {
  let file: FileHandle | undefined
  let held: Buffer[] = []
  let heldBytes = 0
  let written = 0
  let entries = 0
  const flush = async () => {
    file ??= await openUnnamed()
    const bytes = Buffer.concat(held)
    held = []
    heldBytes = 0
    await file.write(bytes, 0, bytes.length, written)
    written += bytes.length
  }
  return {
    async add(record) {
      held.push(record)
      heldBytes += record.length
      entries += 1
      if (heldBytes >= flushBytes) await flush()
    },
    entries: () => entries,
    size: () => written + heldBytes,
    async *read() {
      for (let at = 0; file !== undefined && at < written; ) {
        const length = Math.min(readBytes, written - at)
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
        yield buffer.subarray(0, bytesRead)
        at += bytesRead
      }
      yield Buffer.concat(held)
    },
    close: async () => file?.close(),
  }
}

async function openUnnamed(): Promise<FileHandle> {
  const path = join(tmpdir(), `synap-export-${uuidv7()}`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  return file
}
