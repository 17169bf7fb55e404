import type { SynapClient } from '@synap/client'
import type { ChangeResponse } from '@synap/contracts'
import { type EntityId, errorClass, SynapError } from '@synap/core'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { type Connection, type ConnectionFlags, withConnection, withSynap } from './connection.ts'
import { exitCodes } from './exit-codes.ts'
import { explain } from './explain.ts'
import { type FoundItem, findItem } from './item-id.ts'
import { note, printJson } from './output.ts'

/** What every command takes that changes something. */
export interface ChangeFlags extends ConnectionFlags {
  wait?: boolean
  json?: boolean
}

const numbers = '{id, version, sequence, correlationId}'
export const jsonOfOne = `one JSON document: ${numbers}`
export const jsonOfEach = `one JSON document per line: ${numbers}`

/** Adds those flags; `json` says what the document is. */
export function withChange(command: Command, json = jsonOfOne): Command {
  return withConnection(command.option('--wait', 'end once reads show it').option('--json', json))
}

const waitMs = 5_000

/** Under `--wait`: resolves once reads hold everything up to this sequence of the user. */
export async function awaitReads(
  client: Pick<SynapClient, 'list'>,
  { wait }: Pick<ChangeFlags, 'wait'>,
  sequence: number,
): Promise<void> {
  if (wait !== true) return
  try {
    await client.list({ limit: 1, minSequence: sequence, waitMs })
  } catch (error) {
    if (errorClass(error) !== 'dependency') throw error
    throw new CommandError('It is done, but reads do not show it yet.', exitCodes.unavailable)
  }
}

export type ItemChange = (client: SynapClient, id: EntityId) => Promise<ChangeResponse>

/**
 * Changes items one after the other, and says of each what was done: `Done: Buy milk`. What one of them is refused is
 * told, the others are changed all the same, and the exit code is 1.
 */
export async function changeItems(
  texts: readonly string[],
  flags: ChangeFlags,
  { change, said }: { change: ItemChange; said: string },
): Promise<void> {
  await withSynap(flags, async (client, connection) => {
    let last = 0
    for (const text of texts) {
      const answer = await changeOne(client, connection, { text, isOnly: texts.length === 1, change })
      if (answer === undefined) continue
      last = Math.max(last, answer.numbers.sequence)
      if (flags.json) printJson(answer.numbers)
      else console.log(`${said}: ${answer.item.name ?? answer.item.id}`)
    }
    if (last > 0) await awaitReads(client, flags, last)
  })
}

async function changeOne(
  client: SynapClient,
  connection: Connection,
  { text, isOnly, change }: { text: string; isOnly: boolean; change: ItemChange },
): Promise<{ item: FoundItem; numbers: ChangeResponse } | undefined> {
  try {
    const item = await findItem(client, text)
    return { item, numbers: await change(client, item.id) }
  } catch (error) {
    if (isOnly || !isAboutThisItem(error)) throw error
    process.exitCode = exitCodes.failed
    note(`synap: ${text}: ${(explain(error, connection) as Error).message}`)
    return undefined
  }
}

/** Another item may fare better. */
const isAboutThisItem = (error: unknown): boolean =>
  error instanceof CommandError || (error instanceof SynapError && error.class === 'data')
