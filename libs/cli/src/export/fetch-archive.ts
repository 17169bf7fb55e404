import { createHash } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import type { SynapClient } from '@synap/client'
import type { ExportView } from '@synap/contracts'
import { CommandError } from '../command-error.ts'
import { exitCodes } from '../exit-codes.ts'

const attempts = 5

/** Refuses to replace what is there, unless it is told to. */
export async function assertFree(file: string, force: boolean): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isDirectory()) throw new CommandError(`${file} is a folder.`, exitCodes.usage)
  if (found !== undefined && !force)
    throw new CommandError(`${file} is there already. --force replaces it.`, exitCodes.usage)
}

/**
 * Saves the archive under another name and gives it its own once its size and SHA-256 are right. A connection that breaks
 * is taken up where it broke, with a new link.
 */
export async function fetchArchive(
  client: Pick<SynapClient, 'exportStatus'>,
  view: ExportView,
  file: string,
): Promise<void> {
  const part = `${file}.part`
  const hash = createHash('sha256')
  const { size = 0, sha256 = '' } = view.archive ?? {}
  await rm(part, { force: true })
  let done = 0
  try {
    for (let attempt = 1; done < size; attempt += 1) {
      const { archive } = attempt === 1 ? view : await client.exportStatus(view.id)
      const url = archive?.url ?? undefined
      if (url === undefined)
        throw new CommandError(
          'This Synap gives out no links to its object store, so the archive cannot be fetched.',
        )
      const before = done
      await fetchRange(url, part, done, (chunk) => {
        hash.update(chunk)
        done += chunk.length
      }).catch((error: unknown) => {
        if (error instanceof CommandError) throw error
        if (attempt >= attempts && done === before)
          throw new CommandError(
            `The archive did not arrive. --id ${view.id} goes on with it.`,
            exitCodes.unavailable,
          )
      })
    }
    if (done !== size || hash.digest('hex') !== sha256)
      throw new CommandError('What arrived is not the archive (SHA-256). Run it again.')
    await rename(part, file)
  } finally {
    await rm(part, { force: true })
  }
}

async function fetchRange(
  url: string,
  part: string,
  start: number,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const headers: Record<string, string> = start === 0 ? {} : { range: `bytes=${start}-` }
  const response = await fetch(url, { headers, redirect: 'error' })
  if (response.status !== (start === 0 ? 200 : 206) || response.body === null) {
    await response.body?.cancel()
    throw new Error(`the object store answers ${response.status}`)
  }
  const handle = await open(part, 'a', 0o600)
  try {
    for await (const chunk of response.body) {
      await handle.writeFile(chunk)
      onChunk(chunk)
    }
  } finally {
    await handle.close()
  }
}
