import type { Client } from '@synap/postgres'
import type { OpenSlot } from './gate.ts'
import { findOpenSlots } from './sql/parked.ts'
import { insertUserPositions, lockExistingPositions } from './sql/user-positions.ts'

/** Users whose rows are locked until the end of the transaction, and what is known of each of them since. */
export interface HeldUsers {
  seen: ReadonlyMap<string, number>
  slots: ReadonlyMap<string, readonly OpenSlot[]>
  /** All of them had a row, so that what was asked for along with the locks was asked under them. */
  wereThere: boolean
}

/** Locks users, in the order of their ids, and reads their open slots: in one message, and another when a user is new. */
export async function holdUsers(
  client: Client,
  schema: string,
  users: readonly string[],
): Promise<HeldUsers> {
  if (users.length === 0) return { seen: new Map(), slots: new Map(), wereThere: true }
  const [seen, slots] = await Promise.all([
    lockExistingPositions(client, schema, users),
    findOpenSlots(client, schema, users),
  ])
  if (seen.size === users.length) return { seen, slots, wereThere: true }
  const missing = users.filter((user) => !seen.has(user))
  const [, made, theirs] = await Promise.all([
    insertUserPositions(client, schema, missing),
    lockExistingPositions(client, schema, missing),
    findOpenSlots(client, schema, missing),
  ])
  const slotsOf = (user: string) => (seen.has(user) ? slots : theirs).get(user) ?? []
  return {
    seen: new Map([...seen, ...made]),
    slots: new Map(users.map((user) => [user, slotsOf(user)])),
    wereThere: false,
  }
}
