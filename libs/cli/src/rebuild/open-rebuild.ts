import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ApiError } from '@synap/client'
import { type RebuildLine, type RebuildRequest, rebuildLine } from '@synap/contracts'
import { rebuildLaunchOptions } from '@synap/servers'
import { CommandError } from '../command-error.ts'
import { type Connection, type ConnectionFlags, connect, findConnection } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { explain } from '../explain.ts'
import { repositoryRoot } from '../repository.ts'
import { requireEnvironment } from '../stack-environment.ts'

/**
 * What becomes of a request about read models, line by line. A standalone does it itself; elsewhere the projector's own
 * program does, at the database that DATABASE_URL names, or what ./synap up wrote.
 */
export async function* openRebuild(
  flags: ConnectionFlags,
  request: RebuildRequest,
  signal: AbortSignal,
): AsyncGenerator<RebuildLine, void> {
  const connection = tryFind(flags)
  const databaseUrl = connection?.env['DATABASE_URL']
  // Servers that the environment names beside a standalone are not its own.
  if (connection?.standalone !== undefined || (connection !== undefined && !databaseUrl))
    yield* askSynap(connection, request, signal)
  else yield* runProgram(databaseUrl, request, signal)
}

async function* askSynap(connection: Connection, request: RebuildRequest, signal: AbortSignal) {
  try {
    yield* connect(connection).rebuild(request, { signal })
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      const message = 'This Synap does not rebuild by itself. Run this where DATABASE_URL names its database.'
      throw new CommandError(message, exitCodes.configuration)
    }
    throw explain(error, connection)
  }
}

function tryFind(flags: ConnectionFlags) {
  try {
    return findConnection(flags)
  } catch {
    return undefined
  }
}

/** Runs the program of the projector, which alone may write what it writes. */
async function* runProgram(
  databaseUrl: string | undefined,
  request: RebuildRequest,
  signal: AbortSignal,
): AsyncGenerator<RebuildLine, void> {
  const { DATABASE_URL } = databaseUrl ? { DATABASE_URL: databaseUrl } : requireEnvironment(['DATABASE_URL'])
  const launch = rebuildLaunchOptions()
  const env = { ...launch.environment, ...process.env, DATABASE_URL }
  const file = join('services', 'projector', 'src', 'rebuild', 'main.ts')
  const child = spawn(process.execPath, [...launch.arguments, file, JSON.stringify(request)], {
    cwd: repositoryRoot,
    env,
    // Through the channel it hears when this process has gone, however that happened.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const interrupt = () => void child.kill('SIGTERM')
  signal.addEventListener('abort', interrupt, { once: true })
  let isWhole = false
  try {
    for await (const text of createInterface({ input: child.stdout as Readable })) {
      const line = rebuildLine.parse(JSON.parse(text))
      isWhole ||= !('progress' in line || 'difference' in line)
      yield line
    }
    const code = await ended
    signal.throwIfAborted()
    if (!isWhole) throw new CommandError(`${file} exited with ${String(code)}.`, exitCodes.failed)
  } finally {
    signal.removeEventListener('abort', interrupt)
    child.kill('SIGTERM')
  }
}
