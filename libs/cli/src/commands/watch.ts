import { once } from 'node:events'
import type { SynapClient } from '@synap/client'
import type { EventView } from '@synap/contracts'
import type { Command } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { describeDelta, localTime } from '../describe-event.ts'
import { exitCodes } from '../exit-codes.ts'
import { clip, note } from '../output.ts'
import { paint } from '../paint.ts'
import { parseCount } from '../parse-count.ts'

interface WatchFlags extends ConnectionFlags {
  from?: number
  json?: boolean
}

/** `synap watch` */
export function registerWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('show events as they happen, until Ctrl-C')
    .option('--from <sequence>', 'begin with the event of this sequence, not with the next', parseCount)
    .option('--json', 'one JSON document per line, an event each')
    .addHelpText(
      'after',
      `
When Synap is not there for a while, it is tried again, and the events of the
meantime follow: none is left out, none comes twice.

Examples:
  $ ./synap watch
  $ ./synap watch --from 1 --json`,
    )
  withConnection(command).action(async (flags: WatchFlags) => {
    const stop = new AbortController()
    const interrupt = () => stop.abort()
    process.once('SIGINT', interrupt)
    try {
      await withSynap(flags, (client) => watch(client, flags, stop.signal))
    } finally {
      process.off('SIGINT', interrupt)
    }
    process.exitCode = exitCodes.interrupted
  })
}

async function watch(client: SynapClient, { from, json }: WatchFlags, signal: AbortSignal): Promise<void> {
  let isAway = false
  const events = client.followEvents({
    signal,
    ...(from !== undefined && { since: from - 1 }),
    onReconnect(reason) {
      // The server ends a stream now and then by itself; that is no news.
      if (reason !== undefined && !isAway) note('Synap does not answer; trying again until it does.')
      isAway ||= reason !== undefined
    },
  })
  for await (const event of events) {
    isAway = false
    await print(json ? JSON.stringify(event) : lineOf(event), signal)
  }
}

/** Waits for a reader that is slower than the events, so that they wait at the server and not in memory. */
async function print(line: string, signal: AbortSignal): Promise<void> {
  if (process.stdout.write(`${line}\n`)) return
  await once(process.stdout, 'drain', { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

function lineOf(event: EventView): string {
  const head = `${localTime(event.occurredAt)}  ${event.sequence}  ${event.type}  ${event.aggregateId}  `
  const width = process.stdout.isTTY ? Math.max(20, process.stdout.columns - head.length) : 1_000
  return `${head}${paint.dim(clip(describeDelta(event), width))}`
}
