import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SynapError, type UserId, uuidv7 } from '@synap/core'
import { issueKey } from '@synap/ingest/api-keys'
import type { Pool } from '@synap/postgres'
import { z } from 'zod'

const apiKey = z.string().regex(/^syn_[A-Za-z0-9_-]{43}$/)
const keysSchema = z.object({ serviceKey: apiKey, apiKey })

/** The key the services use among themselves, and that of the person. */
export type Keys = z.output<typeof keysSchema>

const fileName = 'keys.json'

/**
 * The keys of this folder, made at the first start. The database holds hashes only, so a file for its owner alone keeps
 * them for later starts. Rejects with `keys.unreadable` (configuration) on a file that is damaged.
 */
export async function findOrMakeKeys(pool: Pool, dataDir: string): Promise<Keys> {
  const file = join(dataDir, fileName)
  const found = await readKeys(file)
  if (found !== undefined) return found
  const service = await issueKey(pool, uuidv7() as UserId, {
    name: 'services',
    scopes: ['act:any', 'read', 'write', 'trace:continue'],
  })
  const person = await issueKey(pool, uuidv7() as UserId, {
    name: 'standalone',
    scopes: ['read', 'write', 'admin'],
  })
  const keys = { serviceKey: service.key, apiKey: person.key }
  await writeFile(`${file}.part`, `${JSON.stringify(keys)}\n`, { mode: 0o600 })
  await rename(`${file}.part`, file)
  return keys
}

async function readKeys(file: string): Promise<Keys | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(file, error)
  }
  try {
    return keysSchema.parse(JSON.parse(text))
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** Without the parser's words: they may hold a key. */
function unreadable(file: string, error: unknown): SynapError {
  const why = (error as NodeJS.ErrnoException).code ?? 'it does not hold two keys'
  return new SynapError(`the keys in ${file} cannot be read: ${why}`, {
    code: 'keys.unreadable',
    class: 'configuration',
  })
}
