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
 * Opens the journal of a folder. It lies beside the data of the stack it belongs to, so that wiping the one wipes the
 * other; for a Synap elsewhere, in the person's state folder. A line cut off by a crash is left out: its file is sent
 * again under the same idempotency key.
 */
export async function openJournal(folder: string, connection: Connection): Promise<Journal> {
  const home =
    connection.from === stackEnvFile
      ? dirname(stackEnvFile)
      : join(connection.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'synap')
  const account = sha256Hex(`${connection.ingestUrl}\n${connection.apiKey}\n${folder}`).slice(0, 24)
  const path = join(home, 'imports', `${account}.ndjson`)
  const entries = new Map(parseLines(await readFile(path, 'utf8').catch(() => '')))
  await mkdir(dirname(path), { recursive: true })
  return {
    path,
    entries,
    async add(file, entry) {
      await appendFile(path, `${JSON.stringify({ path: file, ...entry })}\n`)
      entries.set(file, entry)
    },
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
