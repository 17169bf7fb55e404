import type { SynapClient } from '@synap/client'
import { type RelationType, type RelationView, relationTypes } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type Command, Option } from 'commander'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { CommandError } from '../command-error.ts'
import { withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { type FoundItem, findItem } from '../item-id.ts'
import { note, printJson } from '../output.ts'
import { paint } from '../paint.ts'
import { readPages } from '../read-pages.ts'

interface LinkFlags extends ChangeFlags {
  type: RelationType
}

/** `synap link SOURCE TARGET` */
export function registerLink(program: Command): void {
  const command = program
    .command('link')
    .description('connect two items')
    .argument('<source>', 'an id, or the beginning that lists show')
    .argument('<target>', 'what it leads to')
    .addOption(
      new Option('-t, --type <type>', 'how the source stands to the target')
        .choices([...relationTypes])
        .default('relates_to'),
    )
    .addHelpText(
      'after',
      `
In a pipe the id of the link alone goes to stdout.

Examples:
  $ ./synap link 019aa0c8-7c1e 019aa0d2-11b0
  $ ./synap link 019aa0c8-7c1e 019aa0d2-11b0 --type blocks`,
    )
  withChange(command).action(async (from: string, to: string, flags: LinkFlags) => {
    await withSynap(flags, async (client) => {
      const source = await findItem(client, from)
      const target = await findItem(client, to)
      const numbers = await client.createRelation({ type: flags.type, source: source.id, target: target.id })
      if (flags.json) printJson(numbers)
      else if (process.stdout.isTTY) console.log(`Linked: ${sentenceOf(source, flags.type, target)}`)
      else console.log(numbers.id)
      await awaitReads(client, flags, numbers.sequence)
    })
  })
}

interface UnlinkFlags extends ChangeFlags {
  type?: RelationType
}

/** `synap unlink SOURCE TARGET` */
export function registerUnlink(program: Command): void {
  const command = program
    .command('unlink')
    .description('take the connection of two items away')
    .argument('<source>', 'an id, or the beginning that lists show')
    .argument('<target>', 'what it leads to')
    .addOption(new Option('-t, --type <type>', 'which, where there are several').choices([...relationTypes]))
    .addHelpText('after', '\nExample:\n  $ ./synap unlink 019aa0c8-7c1e 019aa0d2-11b0')
  withChange(command).action(async (from: string, to: string, flags: UnlinkFlags) => {
    await withSynap(flags, async (client) => {
      const source = await findItem(client, from)
      const target = await findItem(client, to)
      const { id, type } = await findLink(client, { source: source.id, target: target.id }, flags.type)
      const numbers = await client.deleteRelation(id)
      if (flags.json) printJson(numbers)
      else {
        console.log(`No longer linked: ${sentenceOf(source, type, target)}`)
        note(paint.dim(`Bring it back: ./synap undo ${id}`))
      }
      await awaitReads(client, flags, numbers.sequence)
    })
  })
}

const sentenceOf = (source: FoundItem, type: RelationType, target: FoundItem): string =>
  `${source.name ?? source.id} ${type.replace('_', ' ')} ${target.name ?? target.id}`

/** The most links of one item that are looked through. */
const most = 10_000

/** The one link that leads from one item to another, of this type where one is given. */
async function findLink(
  client: Pick<SynapClient, 'relations'>,
  ends: { source: EntityId; target: EntityId },
  type: RelationType | undefined,
): Promise<RelationView> {
  const wanted = type === undefined ? {} : { type }
  const { items } = await readPages(most, (page) =>
    client.relations({ entity: ends.source, ...wanted, ...page }),
  )
  const [first, ...others] = items.filter(({ target }) => target === ends.target)
  if (first === undefined) {
    const isOtherWay = items.some(({ source }) => source === ends.target)
    const hint = isOtherWay
      ? ` It leads the other way: ./synap unlink ${ends.target} ${ends.source}`
      : ' ./synap links shows those of an item; one made a moment ago may still be on its way.'
    throw new CommandError(`There is no such link.${hint}`)
  }
  if (others.length === 0) return first
  const types = [first, ...others].map((link) => link.type).join(', ')
  throw new CommandError(`There are several links: say which with --type (${types}).`, exitCodes.usage)
}
