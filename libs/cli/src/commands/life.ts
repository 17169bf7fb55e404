import type { Command } from 'commander'
import { type ChangeFlags, changeItems, jsonOfEach, withChange } from '../change.ts'
import { confirm } from '../confirm.ts'
import { note } from '../output.ts'
import { paint } from '../paint.ts'

const each = `
Each is changed for itself: where one is refused, the others are changed all the
same, and the exit code is 1.`

/** `synap delete ID…` */
export function registerDelete(program: Command): void {
  const command = program
    .command('delete')
    .description('hide items; restore brings them back')
    .argument('<id...>', 'ids, or the beginnings that lists show')
    .addHelpText('after', `${each}\n\nExample:\n  $ ./synap delete 019aa0c8-7c1e`)
  withChange(command, jsonOfEach).action(async (ids: string[], flags: ChangeFlags) => {
    const deleted: string[] = []
    await changeItems(ids, flags, {
      change: async (client, id) => {
        const answer = await client.deleteEntity(id)
        deleted.push(id)
        return answer
      },
      said: 'Deleted',
    })
    if (!flags.json && deleted.length > 0) note(paint.dim(`Bring back: ./synap restore ${deleted.join(' ')}`))
  })
}

/** `synap restore ID…` */
export function registerRestore(program: Command): void {
  const command = program
    .command('restore')
    .description('bring deleted items back')
    .argument('<id...>', 'their whole ids')
    .addHelpText('after', `${each}\n\nExample:\n  $ ./synap restore 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90`)
  withChange(command, jsonOfEach).action((ids: string[], flags: ChangeFlags) =>
    changeItems(ids, flags, { change: (client, id) => client.restoreEntity(id), said: 'Restored' }),
  )
}

/** `synap purge ID…` */
export function registerPurge(program: Command): void {
  const command = program
    .command('purge')
    .description('remove items and their content for good')
    .argument('<id...>', 'ids; of deleted items the whole ones')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Nothing brings them back: files, texts, vectors and what reads show of them are
removed. The log keeps the events, which ./synap history and events still tell:
titles, tags, metadata, summaries, and the first 200 characters of a text. To
hide an item, delete it.

Example:
  $ ./synap purge 019aa0c8-7c1e-7000-8a3e-6d7a4c1b2f90 --yes`,
    )
  withChange(command, jsonOfEach).action(async (ids: string[], flags: ChangeFlags & { yes?: boolean }) => {
    await confirm(`Remove ${ids.length === 1 ? ids[0] : `${ids.length} items`} for good?`, flags.yes)
    await changeItems(ids, flags, { change: (client, id) => client.purgeEntity(id), said: 'Purged' })
  })
}
