import { randomUUID } from 'node:crypto'
import type { ChangeOptions, SynapClient, TimeZoneOptions } from '@synap/client'
import { type ChangeResponse, type EntityType, entityTypes, type PatchRequest } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type CaptureInput, readCaptureInput, readFileInput } from '../capture-input.ts'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { CommandError } from '../command-error.ts'
import { withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { findItem } from '../item-id.ts'
import { printJson } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { parseTimeZone } from '../parse-time-zone.ts'

interface EditFlags extends ChangeFlags {
  title?: string | false
  type?: EntityType
  metadata?: NonNullable<PatchRequest['metadata']>
  content?: string | false
  file?: string
  timeZone?: string
  ifVersion?: number
}

/** `synap edit ID` */
export function registerEdit(program: Command): void {
  const command = program
    .command('edit')
    .description('change an item: title, type, content, metadata')
    .argument('<id>', 'its id, or the beginning that lists show')
    .option('--title <title>', 'another title')
    .option('--no-title', 'take the title away')
    .addOption(new Option('-t, --type <type>', 'what it is').choices([...entityTypes]))
    .option('--content <text>', 'new content: the words, or - for standard input')
    .option('--no-content', 'take the content away')
    .option('--file <path>', 'new content: a file of any kind')
    .option(
      '--time-zone <name>',
      'where the dates of the new content are meant, such as Europe/Berlin; left out: as your settings say',
      parseTimeZone,
    )
    .option('--metadata <json>', 'an object of JSON to merge in; null removes a key', parseMetadata)
    .option('--if-version <version>', 'only while it has this version', parseCount)
    .addHelpText(
      'after',
      `
What is not named stays as it is. Tasks have ./synap task, tags ./synap tag.

Examples:
  $ ./synap edit 019aa0c8-7c1e --title "Buy oat milk"
  $ ./synap edit 019aa0c8-7c1e --file notes.md --if-version 3
  $ ./synap edit 019aa0c8-7c1e --content "Call Ana at 9" --time-zone Asia/Tokyo
  $ ./synap edit 019aa0c8-7c1e --metadata '{"shop": "corner", "aisle": null}'`,
    )
  withChange(command).action(async (text: string, flags: EditFlags) => {
    const patch = patchOf(flags)
    const content = await contentOf(flags)
    if (Object.keys(patch).length === 0 && content === undefined) {
      const message = 'Say what to change: --title, --type, --content, --file or --metadata.'
      throw new CommandError(message, exitCodes.usage)
    }
    if (flags.timeZone !== undefined && !content) {
      throw new CommandError('--time-zone is said of new content: --content or --file.', exitCodes.usage)
    }
    await withSynap(flags, async (client) => {
      const item = await findItem(client, text)
      const { ifVersion: version, timeZone } = flags
      const numbers = await edit(client, item.id, { patch, content, version, timeZone })
      if (flags.json) printJson(numbers)
      else console.log(`Changed: ${item.name ?? item.id} (version ${numbers.version})`)
      await awaitReads(client, flags, numbers.sequence)
    })
  })
}

interface Edit {
  patch: PatchRequest
  content: CaptureInput | null | undefined
  version: number | undefined
  timeZone: string | undefined
}

/** The content first: its new version is then the one that the rest is based on. */
async function edit(
  client: SynapClient,
  id: EntityId,
  { patch, content, version, timeZone }: Edit,
): Promise<ChangeResponse> {
  const options: ChangeOptions = { idempotencyKey: randomUUID(), ...(version && { ifMatch: version }) }
  if (content === undefined) return client.patchEntity(id, patch, options)
  const replaced = await replace(client, id, content, { ...options, ...(timeZone && { timeZone }) })
  if (Object.keys(patch).length === 0) return replaced
  return client.patchEntity(id, patch, version === undefined ? {} : { ifMatch: replaced.version })
}

function replace(
  client: SynapClient,
  id: EntityId,
  content: CaptureInput | null,
  options: ChangeOptions & TimeZoneOptions,
) {
  if (content === null) return client.replaceContent(id, null, options)
  if (content.kind === 'text') return client.replaceContent(id, content.content, options)
  const { source, name } = content
  return client.replaceFile(id, source, { ...options, ...(name !== undefined && { name }) })
}

const patchOf = ({ title, type, metadata }: EditFlags): PatchRequest => ({
  ...(title !== undefined && { title: title === false ? null : title }),
  ...(type && { type }),
  ...(metadata && { metadata }),
})

/** Null: none; undefined: as it was. */
async function contentOf({ content, file }: EditFlags): Promise<CaptureInput | null | undefined> {
  if (content !== undefined && file !== undefined) {
    throw new CommandError('Either --content or --file, not both.', exitCodes.usage)
  }
  if (file !== undefined) return readFileInput(file)
  if (content === undefined) return undefined
  if (content === false) return null
  return content === '-' ? readCaptureInput(['-'], process.stdin) : { kind: 'text', content }
}

function parseMetadata(text: string): NonNullable<PatchRequest['metadata']> {
  try {
    const value = JSON.parse(text) as NonNullable<PatchRequest['metadata']> | null
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('It is an object of JSON: {"shop": "corner"}.')
}
