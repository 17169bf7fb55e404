import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { SynapClient } from '@synap/client'
import type { AttachmentView } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import type { Command } from 'commander'
import { awaitReads, type ChangeFlags, withChange } from '../change.ts'
import { CommandError } from '../command-error.ts'
import { withSynap } from '../connection.ts'
import { exitCodes } from '../exit-codes.ts'
import { findAttachment } from '../find-attachment.ts'
import { findItem } from '../item-id.ts'
import { clip, printJson } from '../output.ts'
import { withBar } from '../progress-bar.ts'

/** `synap attach ID FILE…` */
export function registerAttach(program: Command): void {
  const command = program
    .command('attach')
    .description('attach files to an item, besides its content')
    .argument('<id>', 'its id, or the beginning that lists show')
    .argument('<file...>', 'files of any kind')
    .addHelpText('after', '\nExample:\n  $ ./synap attach 019aa0c8-7c1e receipt.pdf')
  const json = 'one JSON document per line: {id, version, sequence, correlationId, attachment}'
  withChange(command, json).action(async (text: string, files: string[], flags: ChangeFlags) => {
    await Promise.all(files.map(sizeOf))
    await withSynap(flags, async (client) => {
      const item = await findItem(client, text)
      let last = 0
      for (const path of files) {
        const answer = await attach(client, item.id, path)
        last = answer.sequence
        if (flags.json) printJson(answer)
        else console.log(`Attached to ${item.name ?? item.id}: ${nameOf(answer.attachment)}`)
      }
      await awaitReads(client, flags, last)
    })
  })
}

const mebibyte = 1_048_576
/** A smaller file is sent before a bar could be read. */
const barFromBytes = 8 * mebibyte

async function attach(client: SynapClient, id: EntityId, path: string) {
  const size = await sizeOf(path)
  const send = (onProgress: (bytes: number) => void) =>
    client.attachFile(id, { path }, { name: basename(path), onProgress })
  if (size < barFromBytes) return send(() => undefined)
  return withBar('MiB', Math.ceil(size / mebibyte), (update) =>
    send((bytes) => update(Math.ceil(bytes / mebibyte))),
  )
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return found.size
  const problem = found === undefined ? 'There is no file' : 'It is no file:'
  throw new CommandError(`${problem} ${path}`, exitCodes.usage)
}

/** `synap detach ID NAME` */
export function registerDetach(program: Command): void {
  const command = program
    .command('detach')
    .description('take an attachment off an item; undo puts it back')
    .argument('<id>', 'its id, or the beginning that lists show')
    .argument('<name>', 'its name or its key, as get shows them')
    .addHelpText('after', '\nExample:\n  $ ./synap detach 019aa0c8-7c1e receipt.pdf')
  withChange(command).action(async (text: string, name: string, flags: ChangeFlags) => {
    await withSynap(flags, async (client) => {
      const item = await findItem(client, text)
      const attachment = await findAttachment(client, item.id, name)
      const numbers = await client.removeAttachment(item.id, attachment.key)
      if (flags.json) printJson(numbers)
      else console.log(`Taken off ${item.name ?? item.id}: ${nameOf(attachment)}`)
      await awaitReads(client, flags, numbers.sequence)
    })
  })
}

const nameOf = ({ name }: AttachmentView): string => clip(name, 100)
