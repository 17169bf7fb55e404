import type { ParkedEvent, ParkedGroup, ParkedStep } from '@synap/contracts'
import { type Command, InvalidArgumentError } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { clip, note, plain, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { findParkedGroup } from '../parked/find-group.ts'
import { relativeTime } from '../relative-time.ts'

interface ShowFlags extends ConnectionFlags {
  closed?: boolean
  limit: number
  json?: boolean
}

/** `synap parked show` */
export function registerParkedShow(parked: Command): void {
  const command = parked
    .command('show')
    .description('what is in a group: why, where each event belongs, every attempt')
    .argument('<group>', 'its id, or the beginning of it')
    .option('--closed', 'what was applied in the end, or given up')
    .option('--limit <n>', 'events at most', parseLimit, 5)
    .option(
      '--json',
      'one JSON document: {group, events: [{id, reason, headers, decoded, history, …}], next}',
    )
    .addHelpText(
      'after',
      `
Events are shown with their place, headers and shape, never with their content:
nothing of that is needed to repair anything.

Examples:
  $ ./synap parked show 3fa9c21b07de
  $ ./synap parked show 3fa9 --limit 100 --json`,
    )
  withConnection(command).action(async (text: string, flags: ShowFlags) => {
    const state = flags.closed === true ? 'closed' : 'open'
    const { group, events, next } = await withSynap(flags, async (client) => {
      const found = await findParkedGroup(client, text, state)
      const page = await client.parkedEvents(found.id, { state, limit: flags.limit })
      return { group: found, events: page.items, next: page.next }
    })
    if (flags.json) return printJson({ group, events, next })
    printGroup(group)
    for (const event of events) printEvent(event)
    if (next !== null) note('There are more: --limit shows up to 200.')
  })
}

function printGroup(group: ParkedGroup): void {
  const { id, consumer, store, reason, cause, events, waiting, users } = group
  printTable(
    ['', ''],
    [
      ['group', `${paint.bold(id)}, of ${consumer} (${store})`],
      ['why', (room) => clip(cause === null ? reason : `${reason}: ${cause}`, room)],
      ['means', group.meaning],
      ['what to do', group.advice],
      ['if discarded', group.ifDiscarded],
      [
        'events',
        `${events}, with ${waiting} waiting behind them, of ${users} ${users === 1 ? 'user' : 'users'}`,
      ],
    ],
  )
}

function printEvent(event: ParkedEvent): void {
  const { record, decoded, bytes } = event
  console.log()
  printTable(
    ['', ''],
    [
      [paint.bold(event.eventId ?? `row ${event.id}`), `${event.type ?? 'no type'}, ${event.state}`],
      ['place', placeOf(event)],
      [
        'came',
        record === null
          ? 'from ingest, or not at all'
          : `${record.topic}/${record.partition} at ${record.offset}`,
      ],
      ['bytes', bytes === null ? 'none' : `${bytes.length}, SHA-256 ${bytes.sha256}`],
      ['decoded', decoded.note ?? lineOf(decoded.fields ?? {})],
      ['headers', lineOf(event.headers)],
      ['attempts', `${event.attempts}; ${event.waiting} waiting behind it`],
      ...event.history.map((step): [string, string] => ['', stepLine(step)]),
    ],
  )
}

function placeOf({ userId, aggregateType, aggregateId, version, sequence }: ParkedEvent): string {
  if (userId === null) return 'none'
  const of =
    aggregateId === null
      ? 'of an item nobody knows'
      : `version ${version} of ${aggregateType ?? 'aggregate'} ${aggregateId}`
  return `number ${sequence} of user ${userId}, ${of}`
}

const lineOf = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields)
    .map(([name, value]) => `${plain(name)}=${plain(value)}`)
    .join(' ') || 'nothing'

function stepLine({ at, step, reason, detail, byUser, byKey, why, times, lastAt }: ParkedStep): string {
  const by = byUser === null ? '' : ` by ${byUser}${byKey === null ? '' : ` with key ${byKey}`}`
  const again = times > 1 ? `, ${times} times, the last ${relativeTime(lastAt)}` : ''
  const said = [reason, detail, why === null ? null : JSON.stringify(plain(why))].filter(
    (part) => part !== null,
  )
  return `${at}  ${step}${by}${again}${said.length === 0 ? '' : `: ${plain(said.join(', '))}`}`
}

function parseLimit(text: string): number {
  if (/^[1-9][0-9]{0,2}$/.test(text) && Number(text) <= 200) return Number(text)
  throw new InvalidArgumentError('It is a number from 1 to 200.')
}
