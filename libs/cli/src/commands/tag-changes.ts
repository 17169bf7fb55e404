import type { SynapClient } from '@synap/client'
import type { UserResponse } from '@synap/contracts'
import { type Command, InvalidArgumentError } from 'commander'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { confirm } from '../confirm.ts'
import { withSynap } from '../connection.ts'
import { findTag } from '../find-tag.ts'
import { clip, printJson } from '../output.ts'

/** `synap tag rename OLD NEW`, `synap tag color NAME COLOR`, `synap tag merge FROM INTO` */
export function registerTagChanges(tag: Command): void {
  registerRename(tag)
  registerColor(tag)
  registerMerge(tag)
}

function registerRename(tag: Command): void {
  const command = tag
    .command('rename')
    .description('give a tag another name, on every item that has it')
    .argument('<old>', 'the name it has')
    .argument('<new>', 'the name it gets')
    .addHelpText(
      'after',
      `
A name that another tag has is refused: merge makes one of the two.

Example:
  $ ./synap tag rename home house`,
    )
  withChange(command).action((old: string, name: string, flags: ChangeFlags) =>
    changeTag(flags, async (client) => {
      const found = await findTag(client, old)
      const numbers = await client.changeTag(found.id, { name })
      return { numbers, said: `${found.name} is ${name.trim()} now, on ${itemsOf(found.count)}.` }
    }),
  )
}

function registerColor(tag: Command): void {
  const command = tag
    .command('color')
    .description('give a tag a colour')
    .argument('<name>', 'its name')
    .argument('<color>', '#rrggbb, or none', parseColor)
    .addHelpText(
      'after',
      `
Examples:
  $ ./synap tag color home '#2e7d32'
  $ ./synap tag color home none`,
    )
  withChange(command).action((name: string, color: string | null, flags: ChangeFlags) =>
    changeTag(flags, async (client) => {
      const found = await findTag(client, name)
      const numbers = await client.changeTag(found.id, { color })
      return { numbers, said: `${found.name} has ${color ?? 'no colour'} now.` }
    }),
  )
}

function registerMerge(tag: Command): void {
  const command = tag
    .command('merge')
    .description('make a tag another one, on every item; nothing takes it back')
    .argument('<from>', 'the name of the tag that goes')
    .argument('<into>', 'the name of the tag that stays')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ ./synap tag merge errand errands --yes')
  withChange(command).action((from: string, into: string, flags: ChangeFlags & { yes?: boolean }) =>
    changeTag(flags, async (client) => {
      const goes = await findTag(client, from)
      const stays = await findTag(client, into)
      await confirm(
        `${clip(goes.name, 60)}, on ${itemsOf(goes.count)}, becomes ${clip(stays.name, 60)}.`,
        flags.yes,
      )
      const numbers = await client.mergeTag(goes.id, stays.id)
      return { numbers, said: `${goes.name} is ${stays.name} now, on ${itemsOf(goes.count)}.` }
    }),
  )
}

async function changeTag(
  flags: ChangeFlags,
  change: (client: SynapClient) => Promise<{ numbers: UserResponse; said: string }>,
): Promise<void> {
  await withSynap(flags, async (client) => {
    const { numbers, said } = await change(client)
    if (flags.json) printJson(numbers)
    else console.log(clip(said, 300))
    await awaitReads(client, flags, numbers.sequence)
  })
}

const itemsOf = (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'item' : 'items'}`

/** `#2E7D32` as the API takes it; null for `none`. */
export function parseColor(text: string): string | null {
  const wanted = text.trim().toLowerCase()
  if (wanted === 'none') return null
  if (/^#[0-9a-f]{6}$/.test(wanted)) return wanted
  throw new InvalidArgumentError("It is '#rrggbb', in quotation marks because of the #, or none.")
}
