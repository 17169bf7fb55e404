import type { SynapClient } from '@synap/client'
import type { ReconcileStatus } from '@synap/contracts'
import { wait } from '@synap/core'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { printJson } from '../output.ts'
import { createProgress } from '../progress.ts'

/** `synap write reconcile` */
export function registerWrite(program: Command): void {
  const write = program
    .command('write')
    .description('look after the write database')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ ./synap write reconcile')
  const command = write
    .command('reconcile')
    .description('bring a restored write database to where the log and the topic are')
    .option('--force', 'also where ingest noticed nothing, as after a snapshot of a disk was put back')
    .option('--json', 'one JSON document: {phase, usersMoved, eventsFolded, …}')
    .addHelpText(
      'after',
      `
After a restore or a failover ingest takes no writes, because numbers that were
given out already would be given out again. This sets every user to the highest
number known, brings the states of their items there, and lets writes in. The
events-writer has to run; the key needs the scope operate. It may be repeated.

Examples:
  $ ./synap write reconcile
  $ ./synap write reconcile --force`,
    )
  withConnection(command).action(async (flags: ConnectionFlags & { force?: boolean; json?: boolean }) => {
    const status = await withSynap(flags, (client) => reconcile(client, flags.force === true))
    if (flags.json) printJson(status)
    else if (status !== null) printDone(status)
    else console.log('Nothing to do: the database is the known one. --force does it all the same.')
  })
}

const pollMs = 500

/** Null where it was not needed. */
async function reconcile(client: SynapClient, force: boolean): Promise<ReconcileStatus | null> {
  const before = await client.reconcileStatus()
  const isUnderWay = before.alive && (before.phase === 'topic' || before.phase === 'users')
  if (!isUnderWay) {
    if (before.write === 'ok' && !force) return null
    await client.beginReconcile({ force })
  }
  const progress = createProgress()
  const never = new AbortController().signal
  try {
    for (;;) {
      const status = await client.reconcileStatus()
      if (status.phase === 'done') return status
      if (status.phase === 'failed')
        throw new CommandError(`It failed: ${status.detail ?? 'no reason is known'}.`)
      if (!status.alive)
        throw new CommandError('It broke off: the ingest that did it is gone. Run this again.')
      progress.waiting([
        status.phase === 'topic'
          ? `the topic (${status.topicRecords.toLocaleString('en')} records)`
          : `${status.usersChecked.toLocaleString('en')} users (${status.eventsFolded.toLocaleString('en')} events)`,
      ])
      await wait(pollMs, never)
    }
  } finally {
    progress.end()
  }
}

function printDone(status: ReconcileStatus): void {
  const number = (value: number) => value.toLocaleString('en')
  const { usersChecked, usersMoved, eventsFolded, eventsUnfoldable } = status
  console.log(
    `${number(usersMoved)} of ${number(usersChecked)} users were behind; ${number(eventsFolded)} events folded.`,
  )
  if (eventsUnfoldable > 0) {
    console.log(
      `${number(eventsUnfoldable)} events are parked or missing: their numbers count, their changes do not.`,
    )
  }
  console.log('Writes are taken again.')
}
