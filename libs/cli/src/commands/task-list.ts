import type { SynapClient, TasksOptions } from '@synap/client'
import { type EntityView, taskStatuses } from '@synap/contracts'
import { type Command, Option } from 'commander'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { itemTitle } from '../describe-item.ts'
import { hintAtGet, idsForPeople } from '../ids-for-people.ts'
import { type Days, parseDays } from '../item-filter.ts'
import { note, printJson, printTable } from '../output.ts'
import { paint } from '../paint.ts'
import { parseCount } from '../parse-count.ts'
import { priorityNames } from '../parse-priority.ts'
import { readPages } from '../read-pages.ts'

interface ListFlags extends ConnectionFlags {
  due?: Days
  status: NonNullable<TasksOptions['status']>
  tag?: string
  limit: number
  json?: boolean
}

/** `synap task list` */
export function registerTaskList(task: Command): void {
  const command = task
    .command('list')
    .description('list what is to be done, what is due first first')
    .option('--due <when>', 'only what is due today, within a week, overdue, or by a day', parseDays)
    .addOption(
      new Option('--status <status>', 'only tasks in this status')
        .choices(['open', ...taskStatuses, 'any'])
        .default('open'),
    )
    .option('--tag <name>', 'only tasks with this tag')
    .option('-n, --limit <count>', 'how many at most', parseCount, 20)
    .option('--json', 'one JSON document per line, an item each')
    .addHelpText(
      'after',
      `
--due takes today, week (today and the six days after it), overdue, or a day up
to which it is due: tomorrow, friday, 2026-12-01. Of two tasks for one day the
one with the higher priority stands first.

Examples:
  $ ./synap task list
  $ ./synap task list --due today
  $ ./synap task list --status done --json`,
    )
  withConnection(command).action(async (flags: ListFlags) => {
    const { items, isMore } = await withSynap(flags, (client) => readTasks(client, flags))
    if (flags.json) return items.forEach((item) => printJson(item))
    if (items.length === 0) return note(nothing(flags))
    const ids = idsForPeople(items)
    printTable(
      ['id', 'status', 'priority', 'title'],
      items.map((item) => [ids?.get(item.id) ?? item.id, statusOf(item), priorityOf(item), itemTitle(item)]),
    )
    hintAtGet(ids)
    if (isMore) note(`There are more: ./synap task list --limit ${flags.limit * 2}`)
  })
}

const readTasks = (client: SynapClient, { due, status, tag, limit }: ListFlags) =>
  readPages(limit, (page) => client.tasks({ ...due, status, ...(tag && { tag }), ...page }))

const statusOf = ({ task }: EntityView): string => task?.status.replace('_', ' ') ?? ''

function priorityOf({ task }: EntityView): string {
  const priority = task?.priority ?? 0
  const name = priorityNames[priority]
  return priority === 0 ? '' : priority === 3 ? paint.red(name) : name
}

const nothing = ({ due, status, tag }: ListFlags): string =>
  due || tag || status !== 'open'
    ? 'Nothing matches. ./synap task list shows everything that is open.'
    : 'Nothing to do. Add something: ./synap task add "Buy milk" --due tomorrow'
