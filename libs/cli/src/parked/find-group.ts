import type { SynapClient } from '@synap/client'
import type { ParkedGroup, ParkedList } from '@synap/contracts'
import { CommandError } from '../command-error.ts'
import { exitCodes } from '../exit-codes.ts'

/** The group that a person means by its id or the beginning of it; rejects when it is none, or more than one. */
export async function findParkedGroup(
  client: Pick<SynapClient, 'parked'>,
  text: string,
  state: 'open' | 'closed' = 'open',
): Promise<ParkedGroup> {
  const list = await client.parked({ state })
  const [group, ...more] = list.items.filter(({ id }) => id.startsWith(text.toLowerCase()))
  if (group !== undefined && more.length === 0) return group
  if (group !== undefined)
    throw new CommandError(`${1 + more.length} groups begin with ${text}: give more of it.`)
  const where = state === 'open' ? 'Nothing is parked' : 'Nothing was applied or discarded'
  throw (
    unknownNote(list) ??
    new CommandError(`${where} in a group ${text}. ./synap parked list shows the groups.`)
  )
}

function unknownNote({ unknown }: ParkedList): CommandError | undefined {
  if (unknown.length === 0) return undefined
  return new CommandError(
    `${unknown.join(', ')} cannot be asked now, and it may be theirs.`,
    exitCodes.unavailable,
  )
}
