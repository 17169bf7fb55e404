import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'

/**
 * A profile that a person named: lines of NAME='value'. It holds a key, so it is refused when group or others may read
 * it, with the command that changes that.
 */
export function readGivenProfile(file: string): Record<string, string | undefined> {
  const path = resolve(file)
  try {
    const { mode } = statSync(path)
    if ((mode & 0o077) !== 0) throw readableByOthers(path)
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof CommandError) throw error
    const message = `The profile cannot be read: ${(error as Error).message}.`
    throw new CommandError(message, exitCodes.configuration)
  }
}

function readableByOthers(path: string): CommandError {
  const shown = /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
  return new CommandError(
    `Other users can read the profile ${path}, which holds a key. Run: chmod 600 ${shown}`,
    exitCodes.configuration,
  )
}
