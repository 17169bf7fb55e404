import type { PatchRequest, TaskPriority } from '@synap/contracts'
import type { Command } from 'commander'
import { type ChangeFlags, changeItems, jsonOfEach, withChange } from '../change.ts'
import { parseDueOrNone } from '../parse-due.ts'
import { parsePriority, priorityNames } from '../parse-priority.ts'
import { relativeDue } from '../relative-time.ts'

type Task = NonNullable<PatchRequest['task']>

const statuses = [
  { name: 'done', status: 'done', said: 'Done', description: 'tick tasks off' },
  { name: 'start', status: 'in_progress', said: 'In progress', description: 'say that tasks are begun' },
  { name: 'cancel', status: 'cancelled', said: 'Cancelled', description: 'give tasks up' },
  { name: 'reopen', status: 'todo', said: 'To do', description: 'put tasks back to what is to be done' },
] as const

/** `synap task done|start|cancel|reopen ID…`, `synap task due ID DATE`, `synap task priority ID PRIORITY` */
export function registerTaskChanges(task: Command): void {
  for (const { name, status, said, description } of statuses) {
    const command = task
      .command(name)
      .description(description)
      .argument('<id...>', 'ids, or the beginnings that lists show')
      .addHelpText(
        'after',
        `
Each is changed for itself: where one is refused, the others are changed all the
same, and the exit code is 1.

Example:
  $ ./synap task ${name} 019aa0c8-7c1e`,
      )
    withChange(command, jsonOfEach).action((ids: string[], flags: ChangeFlags) =>
      changeTasks(ids, flags, { status }, said),
    )
  }
  registerDue(task)
  registerPriority(task)
}

const changeTasks = (ids: readonly string[], flags: ChangeFlags, task: Task, said: string) =>
  changeItems(ids, flags, { change: (client, id) => client.patchEntity(id, { task }), said })

function registerDue(task: Command): void {
  const command = task
    .command('due')
    .description('say when a task is due')
    .argument('<id>', 'its id, or the beginning that lists show')
    .argument('<date>', 'today, tomorrow, friday, 3d, 2026-12-01, "tomorrow 15:00"; or none', parseDueOrNone)
    .addHelpText(
      'after',
      `
Days and times are those of this machine.

Examples:
  $ ./synap task due 019aa0c8-7c1e friday
  $ ./synap task due 019aa0c8-7c1e none`,
    )
  withChange(command).action((id: string, due: string | null, flags: ChangeFlags) =>
    changeTasks([id], flags, { due }, due === null ? 'Due at no time' : `Due ${relativeDue(due)}, ${due}`),
  )
}

function registerPriority(task: Command): void {
  const command = task
    .command('priority')
    .description('say how urgent a task is')
    .argument('<id>', 'its id, or the beginning that lists show')
    .argument('<priority>', 'none, low, medium or high (0 to 3)', parsePriority)
    .addHelpText('after', '\nExample:\n  $ ./synap task priority 019aa0c8-7c1e high')
  withChange(command).action((id: string, priority: TaskPriority, flags: ChangeFlags) =>
    changeTasks([id], flags, { priority }, `Priority ${priorityNames[priority]}`),
  )
}
