import type { Command } from 'commander'
import { type ChangeFlags, changeItems, jsonOfEach, withChange } from '../change.ts'

/** `synap enrich ID…` */
export function registerEnrich(program: Command): void {
  const command = program
    .command('enrich')
    .description('ask AI to look at items once more')
    .argument('<id...>', 'ids, or the beginnings that lists show')
    .addHelpText(
      'after',
      `
What a person has set stays. ./synap get shows how far it is.

Example:
  $ ./synap enrich 019aa0c8-7c1e`,
    )
  withChange(command, jsonOfEach).action((ids: string[], flags: ChangeFlags) =>
    changeItems(ids, flags, { change: (client, id) => client.enrich(id), said: 'Asked for' }),
  )
}
