import type { SynapClient } from '@synap/client'
import type { EventView } from '@synap/contracts'
import type { AggregateId } from '@synap/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { describeDelta, localTime } from '../describe-event.ts'
import { idsForPeople } from '../ids-for-people.ts'
import { findItemId } from '../item-id.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { parseSince } from '../parse-since.ts'

interface EventsFlags extends ConnectionFlags {
  type?: string[]
  since?: string
  until?: string
  entity?: string
  correlation?: string
  order: 'newest' | 'oldest'
  limit: number
  json?: boolean
}

/** `synap events` */
export function registerEvents(program: Command): void {
  const command = program
    .command('events')
    .description('list what happened, newest first')
    .option('-t, --type <types>', 'only these types, with commas: task.completed,tag.renamed', parseTypes)
    .option('--since <time>', 'from then on: 2h, 3d, 2026-11-21T06:00Z', parseSince)
    .option('--until <time>', 'before then', parseSince)
    .option('--entity <id>', 'only of this item')
    .option('--correlation <id>', 'only what one request began', parseCorrelation)
    .addOption(new Option('--order <order>', 'which first').choices(['newest', 'oldest']).default('newest'))
    .option('-n, --limit <count>', 'how many at most', parseCount, 20)
    .option('--json', 'one JSON document per line, an event each')
    .addHelpText(
      'after',
      `
Examples:
  $ ./synap events --since 2h
  $ ./synap events --type task.completed --limit 100 --json`,
    )
  withConnection(command).action((flags: EventsFlags) =>
    withSynap(flags, (client) => (flags.json ? printLines(client, flags) : printEvents(client, flags))),
  )
}

async function printLines(client: SynapClient, flags: EventsFlags): Promise<void> {
  for await (const event of readEvents(client, flags)) printJson(event)
}

async function printEvents(client: SynapClient, flags: EventsFlags): Promise<void> {
  const events: EventView[] = []
  for await (const event of readEvents(client, flags)) events.push(event)
  if (events.length === 0) return note('Nothing that fits has been logged.')
  const ids = idsForPeople(events.map(({ aggregateId }) => ({ id: aggregateId })))
  printTable(
    ['sequence', 'when', 'about', 'type', ''],
    events.map((event) => [
      String(event.sequence),
      localTime(event.occurredAt),
      ids?.get(event.aggregateId) ?? event.aggregateId,
      event.type,
      (room) => clip(describeDelta(event), room),
    ]),
  )
}

/** The most that one answer of the API may hold. */
const pageSize = 200

async function* readEvents(client: SynapClient, flags: EventsFlags): AsyncGenerator<EventView, void> {
  const { type, since, until, entity, correlation, order, limit } = flags
  const filter = {
    ...(type && { types: type }),
    ...(since && { from: since }),
    ...(until && { to: until }),
    ...(entity && { aggregateId: (await findItemId(client, entity)) as string as AggregateId }),
    ...(correlation && { correlationId: correlation }),
    order,
  }
  let left = limit
  let cursor: string | null | undefined
  do {
    const page = { limit: Math.min(pageSize, left), ...(cursor ? { cursor } : {}) }
    const { value } = await client.events({ ...filter, ...page })
    yield* value.items
    left -= value.items.length
    cursor = value.next
  } while (cursor !== null && left > 0)
}

function parseTypes(text: string): string[] {
  const types = text.split(',')
  if (types.every((type) => /^[a-z_]+(\.[a-z_]+)+$/.test(type))) return types
  throw new InvalidArgumentError('It is event types with commas between: task.completed,tag.renamed.')
}

function parseCorrelation(text: string): string {
  if (/^[0-9a-f]{32}$/.test(text)) return text
  throw new InvalidArgumentError('It is 32 hexadecimal characters, as captures and events show it.')
}
