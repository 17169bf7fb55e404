import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CreateKeyRequest } from '@synap/contracts'
import { SynapError, type UserId, uuidv7 } from '@synap/core'
import { issueKey } from '@synap/ingest/api-keys'
import type { Pool } from '@synap/postgres'
import { z } from 'zod'

const apiKey = z.string().regex(/^syn_[A-Za-z0-9_-]{43}$/)
const keysSchema = z.object({ serviceKey: apiKey, apiKey, operatorKey: apiKey })

/**
 * The key the services use among themselves, that of the person, and that of whoever runs this: with it and the header
 * `Synap-User`, `POST /v1/keys` makes a key for any user, also for a new one.
 */
export type Keys = z.output<typeof keysSchema>

/** Those that are there: none in a new folder, and not all in one of an earlier version. */
type Found = { [name in keyof Keys]?: Keys[name] | undefined }

const fileName = 'keys.json'

/** Each belongs to a user of its own. */
const requests: Record<keyof Keys, CreateKeyRequest> = {
  serviceKey: { name: 'services', scopes: ['act:any', 'read', 'write', 'trace:continue'] },
  apiKey: { name: 'standalone', scopes: ['read', 'write', 'admin', 'operate'] },
  operatorKey: { name: 'operator', scopes: ['act:any', 'read', 'write', 'admin', 'operate'] },
}

/**
 * The keys of this folder, made at the first start. The database holds hashes only, so a file for its owner alone keeps
 * them for later starts. Rejects with `keys.unreadable` (configuration) on a file that is damaged.
 */
export async function findOrMakeKeys(pool: Pool, dataDir: string): Promise<Keys> {
  const file = join(dataDir, fileName)
  const found = await readKeys(file)
  const make = async (name: keyof Keys) =>
    found[name] ?? (await issueKey(pool, uuidv7() as UserId, requests[name])).key
  const keys: Keys = {
    serviceKey: await make('serviceKey'),
    apiKey: await make('apiKey'),
    operatorKey: await make('operatorKey'),
  }
  if (Object.keys(found).length < Object.keys(requests).length) await writeKeys(file, keys)
  return keys
}

async function writeKeys(file: string, keys: Keys): Promise<void> {
  await writeFile(`${file}.part`, `${JSON.stringify(keys)}\n`, { mode: 0o600 })
  await rename(`${file}.part`, file)
}

async function readKeys(file: string): Promise<Found> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw unreadable(file, error)
  }
  try {
    return keysSchema.partial({ operatorKey: true }).parse(JSON.parse(text))
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** Without the parser's words: they may hold a key. */
function unreadable(file: string, error: unknown): SynapError {
  const why = (error as NodeJS.ErrnoException).code ?? 'it does not hold the keys'
  return new SynapError(`the keys in ${file} cannot be read: ${why}`, {
    code: 'keys.unreadable',
    class: 'configuration',
  })
}
