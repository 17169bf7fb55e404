import type { SynapClient } from '@synap/client'
import type { OutboxStatus, RepublishRequest } from '@synap/contracts'
import { isUuid, type UserId } from '@synap/core'
import { type Command, InvalidArgumentError } from 'commander'
import { CommandError } from '../command-error.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { formatBytes } from '../doctor/format-bytes.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { parseSince } from '../parse-since.ts'
import { createProgress } from '../progress.ts'
import { shortTime } from '../relative-time.ts'

/** `synap outbox status|republish|retry` */
export function registerOutbox(program: Command): void {
  const outbox = program
    .command('outbox')
    .description('what waits for the topic; publish again what a topic lost')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
All three need a key with the scope operate, as ./synap start and ./synap up
make it.

Examples:
  $ ./synap outbox status
  $ ./synap outbox republish --since 2h --dry-run
  $ ./synap outbox retry`,
    )
  registerStatus(outbox)
  registerRepublish(outbox)
  registerRetry(outbox)
}

function registerStatus(outbox: Command): void {
  const command = outbox
    .command('status')
    .description('show what waits, what is held back, and what is kept')
    .option('--json', 'one JSON document: {unpublished, oldestUnpublishedAt, lastMinute, quarantined, …}')
    .addHelpText(
      'after',
      `
Exit code 1 when something needs a look: events that are held back, a partition
that cannot be dropped, writes that are refused.

Examples:
  $ ./synap outbox status
  $ ./synap outbox status --json`,
    )
  withConnection(command).action(async (flags: ConnectionFlags & { json?: boolean }) => {
    const status = await withSynap(flags, (client) => client.outbox())
    if (flags.json) printJson(status)
    else printStatus(status)
    const isFine = status.quarantined.length + status.overdue.length === 0 && status.write === 'ok'
    process.exitCode = isFine ? 0 : 1
  })
}

function printStatus(status: OutboxStatus): void {
  const number = (value: number) => value.toLocaleString('en')
  const { unpublished, oldestUnpublishedAt: oldest, lastMinute, trouble } = status
  const waits =
    unpublished === 0 ? 'nothing' : `${number(unpublished)}, the oldest from ${shortTime(oldest ?? 0)}`
  printTable(
    ['', ''],
    [
      ['waits', waits],
      ['last minute', `${number(lastMinute.accepted)} accepted, ${number(lastMinute.published)} published`],
      ['relay', trouble === null ? 'fine' : (room) => paint.red(clip(trouble, room))],
      ['writes', status.write === 'ok' ? 'taken' : paint.red('refused: run ./synap write reconcile')],
    ],
  )
  console.log()
  const overdue = new Map(status.overdue.map(({ name, why }) => [name, why]))
  printTable(
    ['partition', 'rows', 'size', 'last published', ''],
    status.partitions.map(({ name, closed, rowsEstimate, bytes, newestPublishedAt: at }) => [
      name,
      `~${number(rowsEstimate)}`,
      formatBytes(bytes),
      at === null ? '' : shortTime(at),
      (room) => clip(overdue.get(name) ?? (closed ? 'closed' : ''), room),
    ]),
  )
  if (status.quarantined.length === 0) return
  console.log()
  printTable(
    ['held back', 'sequence', 'since', 'waiting', 'why'],
    status.quarantined.map(({ userId, sequence, since, waiting, reason }) => [
      userId,
      String(sequence),
      shortTime(since),
      number(waiting),
      (room) => clip(reason, room),
    ]),
  )
  note('./synap outbox retry lets them flow again, once the reason is gone.')
}

interface RepublishFlags extends ConnectionFlags {
  since?: string
  user?: UserId
  fromSequence?: number
  dryRun?: boolean
  json?: boolean
}

function registerRepublish(outbox: Command): void {
  const command = outbox
    .command('republish')
    .description('publish events again that the topic lost')
    .option('--since <time>', 'what was published from then on: 2h, 3d, 2026-11-21T06:00Z', parseSince)
    .option('--user <id>', 'of one user only', parseUser)
    .option('--from-sequence <n>', 'from this sequence of that user on', parseSequence)
    .option('--dry-run', 'count, and publish nothing')
    .option('--json', 'one JSON document: {events, absent, dryRun}')
    .addHelpText(
      'after',
      `
For a broker that lost acknowledged events, as by a power cut. Give a time
before it. What was published in the last 24 hours comes from the outbox, what
is older from the log. Consumers drop what they have: too much does no harm.

Examples:
  $ ./synap outbox republish --since 2h --dry-run
  $ ./synap outbox republish --user $USER_ID --from-sequence 120`,
    )
  withConnection(command).action(async (flags: RepublishFlags) => {
    if (flags.since === undefined && flags.user === undefined)
      throw new CommandError('Say what: --since TIME, or --user ID.')
    if (flags.fromSequence !== undefined && flags.user === undefined)
      throw new CommandError('--from-sequence needs --user: each user has sequences of their own.')
    const sum = await withSynap(flags, (client) => republishAll(client, flags))
    if (flags.json) printJson({ ...sum, dryRun: flags.dryRun === true })
    else {
      const done = flags.dryRun === true ? 'would be published' : 'published'
      console.log(`${sum.events.toLocaleString('en')} events ${done} again.`)
      if (sum.absent > 0)
        console.log(paint.red(`${sum.absent} events are neither in the outbox nor in the log.`))
    }
    if (sum.absent > 0) process.exitCode = 1
  })
}

async function republishAll(client: SynapClient, flags: RepublishFlags) {
  const { since, user, fromSequence, dryRun } = flags
  const asked: RepublishRequest = {
    ...(since !== undefined && { since }),
    ...(user !== undefined && { user }),
    ...(fromSequence !== undefined && { fromSequence }),
    ...(dryRun === true && { dryRun }),
  }
  const sum = { events: 0, absent: 0 }
  const progress = createProgress()
  try {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      progress.waiting([`the topic (${sum.events.toLocaleString('en')} events so far)`])
      const page = await client.republish({ ...asked, ...(cursor !== undefined && { cursor }) })
      sum.events += page.events
      sum.absent += page.absent
      cursor = page.next
    }
  } finally {
    progress.end()
  }
  return sum
}

function registerRetry(outbox: Command): void {
  const command = outbox
    .command('retry')
    .description('let events flow again that were held back')
    .option('--user <id>', 'of one user only', parseUser)
    .option('--json', 'one JSON document: {released}')
    .addHelpText(
      'after',
      `
An event that cannot be published holds back the later ones of its user. When
the reason is still there, it is held back again.

Examples:
  $ ./synap outbox retry
  $ ./synap outbox retry --user 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90`,
    )
  withConnection(command).action(async (flags: ConnectionFlags & { user?: UserId; json?: boolean }) => {
    const { released } = await withSynap(flags, (client) => client.retryHeldBack(flags.user))
    if (flags.json) printJson({ released })
    else
      console.log(
        released === 1 ? 'The events of 1 user flow again.' : `The events of ${released} users flow again.`,
      )
  })
}

function parseUser(text: string): UserId {
  if (isUuid(text)) return text as UserId
  throw new InvalidArgumentError('It is the UUID of a user.')
}

function parseSequence(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number, 1 or more.')
}
