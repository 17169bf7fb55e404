import { type ParkedGroup, type ParkingConsumer, parkingConsumers } from '@synap/contracts'
import { type Command, InvalidArgumentError } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { shortTime } from '../relative-time.ts'

interface ListFlags extends ConnectionFlags {
  consumer?: ParkingConsumer
  closed?: boolean
  json?: boolean
}

/** `synap parked list` */
export function registerParkedList(parked: Command): void {
  const command = parked
    .command('list')
    .description('what is parked, by cause, the oldest first')
    .option('--consumer <name>', `of one of ${parkingConsumers.join(', ')}`, parseConsumer)
    .option('--closed', 'what was applied in the end, or given up')
    .option('--json', 'one JSON document: {items: [{id, consumer, reason, cause, events, …}], unknown}')
    .addHelpText(
      'after',
      `
A group is what one consumer parked for one cause. "waiting" counts later events
of the same items; they follow by themselves. Exit code 1 when a consumer cannot
be asked now.

Examples:
  $ ./synap parked list
  $ ./synap parked list --consumer projector --json`,
    )
  withConnection(command).action(async (flags: ListFlags) => {
    const { consumer, closed } = flags
    const options = { ...(consumer && { consumer }), state: closed === true ? 'closed' : 'open' } as const
    const list = await withSynap(flags, (client) => client.parked(options))
    if (flags.json) printJson(list)
    else if (closed === true) printClosed(list.items)
    else printOpen(list.items)
    if (list.unknown.length === 0) return
    note(`${list.unknown.join(', ')} cannot be asked now: what they have parked is not in here.`)
    process.exitCode = exitCodes.failed
  })
}

const number = (value: number) => value.toLocaleString('en')

function printOpen(groups: readonly ParkedGroup[]): void {
  if (groups.length === 0) return console.log('Nothing is parked.')
  printTable(
    ['group', 'consumer', 'events', 'waiting', 'users', 'oldest', 'such as', 'why'],
    groups.map((group) => [
      group.id,
      group.consumer,
      number(group.events),
      number(group.waiting),
      number(group.users),
      shortTime(group.oldestAt),
      clip(group.exampleType ?? '', 40),
      (room) => clip(whyOf(group), room),
    ]),
  )
  console.log()
  for (const { id, advice } of groups) console.log(`${paint.bold(id)}  ${advice}`)
  note(paint.dim('./synap parked show GROUP tells more.'))
}

function printClosed(groups: readonly ParkedGroup[]): void {
  if (groups.length === 0) return console.log('Nothing was applied after it was parked, or given up.')
  printTable(
    ['group', 'consumer', 'applied', 'given up', 'newest', 'why'],
    groups.map((group) => [
      group.id,
      group.consumer,
      number(group.events - group.discarded),
      number(group.discarded),
      shortTime(group.newestAt),
      (room) => clip(whyOf(group), room),
    ]),
  )
}

const whyOf = ({ reason, cause }: ParkedGroup) => (cause === null ? reason : `${reason}: ${cause}`)

function parseConsumer(text: string): ParkingConsumer {
  const consumer = parkingConsumers.find((name) => name === text)
  if (consumer !== undefined) return consumer
  throw new InvalidArgumentError(`It is one of ${parkingConsumers.join(', ')}.`)
}
