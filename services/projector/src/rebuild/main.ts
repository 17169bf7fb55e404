import { rebuildRequest } from '@synap/contracts'
import { describeError } from '@synap/core'
import { createPool } from '@synap/postgres'
import { parseEnv } from '@synap/runtime'
import { createLogger } from '@synap/telemetry'
import { environment, rebuildConfig } from '../config.ts'
import { answerRebuild } from './answer.ts'
import { statementTimeoutMs } from './complete.ts'

const connections = 6

/**
 * `./synap rebuild` where the database is a server: does what its argument, a `RebuildRequest` as JSON, says, and prints
 * lines of JSON. Its login user is the one that migrates.
 */
async function main(): Promise<void> {
  const request = rebuildRequest.parse(JSON.parse(process.argv[2] ?? '{}'))
  const { databaseUrl, topicPrefix } = parseEnv(rebuildConfig, environment())
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(brokenOff()))
  stopWithParent(stop)
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'synap-rebuild',
    max: connections,
    statementTimeoutMs,
  })
  // stdout is for the lines that are the answer.
  const logger = createLogger('projector', { level: 'warn', destination: process.stderr })
  try {
    for await (const line of answerRebuild(
      { pool, databaseUrl, logger, topicPrefix, signal: stop.signal },
      request,
    )) {
      process.stdout.write(`${JSON.stringify(line)}\n`)
      if ('error' in line) process.exitCode = 1
    }
  } finally {
    await pool.end()
  }
}

const brokenOff = () => new Error('it was broken off')

/** A command that was killed cannot pass a signal on: nothing is to switch for somebody who has ended it. */
function stopWithParent(stop: AbortController): void {
  // Nobody reads what is still to be said.
  process.stdout.on('error', () => stop.abort(brokenOff()))
  if (process.send === undefined) return
  if (!process.connected) return stop.abort(brokenOff())
  process.once('disconnect', () => stop.abort(brokenOff()))
  process.channel?.unref()
}

main().catch((error: unknown) => {
  process.stderr.write(`rebuild: ${describeError(error)}\n`)
  process.exitCode = 1
})
