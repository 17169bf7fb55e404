import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256Hex } from '@synap/core'
import type { Connection } from '../connection.ts'
import { stackEnvFile } from '../stack-environment.ts'

/** What was imported from one folder into one account: a line of JSON per file. */
export interface Journal {
  path: string
  /** SHA-256 and item id by path relative to the folder. */
  entries: ReadonlyMap<string, JournalEntry>
  add(path: string, entry: JournalEntry): Promise<void>
}

export interface JournalEntry {
  sha256: string
  id: string
}

/**
 * Where journals lie: beside the data of the stack, or within those of the standalone, that they belong to, so that wiping the one wipes the other; for a Synap
 * elsewhere in the person's state folder.
 */
export function journalFolder({
  isLocalStack,
  standalone,
  env,
}: Pick<Connection, 'isLocalStack' | 'standalone' | 'env'>): string {
  if (standalone !== undefined) return join(standalone.dataDir, 'imports')
  const home = isLocalStack
    ? dirname(stackEnvFile)
    : join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'synap')
  return join(home, 'imports')
}

/**
 * Opens the journal of a folder in an account, of which there is one each in `home`. A line cut off by a crash is left
 * out: its file is sent again under the same idempotency key.
 */
export async function openJournal(
  home: string,
  folder: string,
  { ingestUrl, apiKey, standalone }: Pick<Connection, 'ingestUrl' | 'apiKey' | 'standalone'>,
): Promise<Journal> {
  // A standalone is the same one on another port.
  const account = standalone === undefined ? ingestUrl : 'standalone'
  const name = sha256Hex(`${account}\n${apiKey}\n${folder}`).slice(0, 24)
  const path = join(home, `${name}.ndjson`)
  const text = await readIfThere(path)
  const entries = new Map(parseLines(text))
  await mkdir(home, { recursive: true, mode: 0o700 })
  // The next line must not be glued to a torn one.
  if (text !== '' && !text.endsWith('\n')) await appendFile(path, '\n')
  return {
    path,
    entries,
    async add(file, entry) {
      await appendFile(path, `${JSON.stringify({ path: file, ...entry })}\n`)
      entries.set(file, entry)
    },
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function parseLines(text: string): [string, JournalEntry][] {
  return text.split('\n').flatMap((line): [string, JournalEntry][] => {
    try {
      const { path, sha256, id } = JSON.parse(line) as Record<string, unknown>
      const sound = typeof path === 'string' && typeof sha256 === 'string' && typeof id === 'string'
      return sound ? [[path, { sha256, id }]] : []
    } catch {
      return []
    }
  })
}
