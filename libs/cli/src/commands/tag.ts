import type { SynapClient } from '@synap/client'
import type { ChangeResponse } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { Command } from 'commander'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { type ConnectionFlags, withConnection, withSynap } from '../connection.ts'
import { findItem } from '../item-id.ts'
import { clip, note, printJson, printTable } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { readPages } from '../read-pages.ts'
import { registerTagChanges } from './tag-changes.ts'

/** `synap tag list|add|remove|rename|color|merge` */
export function registerTag(program: Command): void {
  const tag = program
    .command('tag')
    .description('put tags on items; rename, colour and merge tags')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Capitals and white space do not make another tag: Home and home are one.

Examples:
  $ ./synap tag add 019aa0c8-7c1e home errands
  $ ./synap tag list
  $ ./synap tag rename home house`,
    )
  registerList(tag)
  registerOnItem(tag, {
    name: 'add',
    description: 'put tags on an item; new ones are made',
    said: (item, names) => `Tagged ${item}: ${names}`,
    change: (client, id, name) => client.putTag(id, name),
  })
  registerOnItem(tag, {
    name: 'remove',
    description: 'take tags off an item',
    said: (item, names) => `Taken off ${item}: ${names}`,
    change: (client, id, name) => client.removeTag(id, name),
  })
  registerTagChanges(tag)
}

function registerList(tag: Command): void {
  const command = tag
    .command('list')
    .description('list tags by name, with how many items have them')
    .argument('[beginning]', 'only tags whose name begins so')
    .option('-n, --limit <count>', 'how many at most', parseCount, 200)
    .option('--json', 'one JSON document per line: {id, name, color, count}')
    .addHelpText('after', '\nExamples:\n  $ ./synap tag list\n  $ ./synap tag list ho --json')
  withConnection(command).action(
    async (beginning: string | undefined, flags: ConnectionFlags & { limit: number; json?: boolean }) => {
      const prefix = beginning === undefined ? {} : { prefix: beginning }
      const { items, isMore } = await withSynap(flags, (client) =>
        readPages(flags.limit, (page) => client.tags({ ...prefix, ...page })),
      )
      if (flags.json) return items.forEach((each) => printJson(each))
      if (items.length === 0) {
        return note(beginning === undefined ? 'There are no tags yet.' : 'No tag begins so.')
      }
      printTable(
        ['items', 'color', 'name'],
        items.map(({ name, color, count }) => [String(count), color ?? '', clip(name, 100)]),
      )
      if (isMore) note(`There are more: ./synap tag list --limit ${flags.limit * 2}`)
    },
  )
}

interface OnItem {
  name: 'add' | 'remove'
  description: string
  said: (item: string, names: string) => string
  change: (client: SynapClient, id: EntityId, name: string) => Promise<ChangeResponse>
}

function registerOnItem(tag: Command, { name, description, said, change }: OnItem): void {
  const command = tag
    .command(name)
    .description(description)
    .argument('<id>', 'its id, or the beginning that lists show')
    .argument('<name...>', 'names of tags')
    .addHelpText('after', `\nExample:\n  $ ./synap tag ${name} 019aa0c8-7c1e home "to read"`)
  withChange(command).action(async (text: string, names: string[], flags: ChangeFlags) => {
    await withSynap(flags, async (client) => {
      const item = await findItem(client, text)
      const done: string[] = []
      let numbers: ChangeResponse | undefined
      try {
        for (const each of names) {
          numbers = await change(client, item.id, each)
          done.push(each)
        }
      } finally {
        // One that is refused does not undo those before it.
        if (done.length > 0 && !flags.json) {
          console.log(said(item.name ?? item.id, clip(done.join(', '), 200)))
        }
      }
      if (numbers === undefined) return
      if (flags.json) printJson(numbers)
      await awaitReads(client, flags, numbers.sequence)
    })
  })
}
