import { randomUUID } from 'node:crypto'
import { type CaptureResponse, limits, type TaskPriority } from '@synap/contracts'
import type { Command } from 'commander'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { CommandError } from '../command-error.ts'
import { withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { clip, printJson, printTable } from '../output.ts'
import { parseDue } from '../parse-due.ts'
import { parsePriority, priorityNames } from '../parse-priority.ts'
import { relativeDue } from '../relative-time.ts'

interface AddFlags extends ChangeFlags {
  due?: string
  priority?: TaskPriority
  tag: string[]
}

/** `synap task add TITLE` */
export function registerTaskAdd(task: Command): void {
  const command = task
    .command('add')
    .description('add a task')
    .argument('<title...>', 'what there is to do')
    .option('--due <date>', 'today, tomorrow, friday, 3d, 2026-12-01, tomorrow 15:00', parseDue)
    .option('--priority <priority>', 'low, medium or high (1 to 3)', parsePriority)
    .option('--tag <name>', 'a tag; may be given again', (name: string, all: string[]) => [...all, name], [])
    .addHelpText(
      'after',
      `
In a pipe the id alone goes to stdout. What is left out AI may fill in, from
words such as "tomorrow" in the title.

Examples:
  $ ./synap task add "Buy milk" --due tomorrow --priority high
  $ ./synap task add Call the plumber --due "friday 9:00" --tag house`,
    )
  withChange(command).action(async (words: string[], flags: AddFlags) => {
    const title = words.join(' ').trim()
    if (title === '') throw new CommandError('A task needs a title.', exitCodes.usage)
    if (title.length > limits.title) {
      throw new CommandError(
        `A title has at most ${limits.title} characters. ./synap capture --type task takes a longer text.`,
        exitCodes.usage,
      )
    }
    await withSynap(flags, async (client) => {
      const { due, priority, tag: tags } = flags
      const task = { ...(due && { due }), ...(priority !== undefined && { priority }) }
      const kept = await client.capture(
        { type: 'task', title, task, ...(tags.length > 0 && { tags }) },
        { idempotencyKey: randomUUID() },
      )
      printAdded(kept, title, flags)
      await awaitReads(client, flags, kept.sequence)
    })
  })
}

function printAdded(
  { id, version, sequence, correlationId }: CaptureResponse,
  title: string,
  { due, priority, tag, json }: AddFlags,
): void {
  if (json) return printJson({ id, version, sequence, correlationId })
  if (!process.stdout.isTTY) return console.log(id)
  const rows: [name: string, value: string | undefined][] = [
    ['id', id],
    ['title', clip(title, 200)],
    ['due', due && `${relativeDue(due)}, ${due}`],
    ['priority', priority === undefined ? undefined : priorityNames[priority]],
    ['tags', tag.length === 0 ? undefined : clip(tag.join(', '), 200)],
  ]
  printTable(
    ['', ''],
    rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
