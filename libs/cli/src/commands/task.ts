import type { Command } from 'commander'
import { registerTaskAdd } from './task-add.ts'
import { registerTaskChanges } from './task-changes.ts'
import { registerTaskList } from './task-list.ts'

/** `synap task add|list|done|start|cancel|reopen|due|priority` */
export function registerTask(program: Command): void {
  const task = program
    .command('task')
    .description('add tasks, see what is due, and get it done')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Examples:
  $ ./synap task add "Buy milk" --due tomorrow --priority high
  $ ./synap task list --due week
  $ ./synap task done 019aa0c8-7c1e`,
    )
  registerTaskAdd(task)
  registerTaskList(task)
  registerTaskChanges(task)
}
