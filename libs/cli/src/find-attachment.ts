import type { SynapClient } from '@synap/client'
import type { AttachmentView } from '@synap/contracts'
import type { EntityId } from '@synap/core'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'
import { clip } from './output.ts'

/** The attachment of an item with this key or this name, as reads show it. Rejects with a `CommandError`. */
export async function findAttachment(
  client: Pick<SynapClient, 'getEntity'>,
  id: EntityId,
  wanted: string,
): Promise<AttachmentView> {
  const { attachments } = (await client.getEntity(id)).value
  const found = attachments.filter(({ key, name }) => key === wanted || name === wanted)
  const [first, second] = found
  if (first !== undefined && second === undefined) return first
  const list = (all: readonly AttachmentView[]) =>
    all.map(({ key, name }) => `  ${key}  ${clip(name, 100)}`).join('\n')
  if (second !== undefined) {
    throw new CommandError(`Several have this name; give the key:\n${list(found)}`, exitCodes.usage)
  }
  throw new CommandError(
    attachments.length === 0
      ? 'Nothing is attached to it, as far as reads show by now.'
      : `No attachment has this name or key. There are:\n${list(attachments)}`,
  )
}
