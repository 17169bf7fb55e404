import type { SynapClient } from '@synap/client'
import { type EntityId, isUuid } from '@synap/core'
import { CommandError } from './command-error.ts'
import { exitCodes } from './exit-codes.ts'
import { clip } from './output.ts'

/** The 48 bits of a UUIDv7 that tell when it was made, and perhaps more. */
const beginning = /^([0-9a-f]{8})-([0-9a-f]{4})[0-9a-f-]*$/

/** How far the id, made before anything was stored, may be from the time of the first event: retries, clocks. */
const aroundMs = 5 * 60_000
const pageSize = 200
const mostPages = 25

export interface FoundItem {
  id: EntityId
  /** Its title, or how it begins; undefined where the id alone was known. */
  name: string | undefined
}

/**
 * The id that a person gave in full, or by its beginning as lists show it: looked for among the items of that moment.
 * Rejects with a `CommandError` when it is no id, when nothing begins so, or more than one item does.
 */
export async function findItemId(client: Pick<SynapClient, 'list'>, text: string): Promise<EntityId> {
  return (await findItem(client, text)).id
}

/** The same, with what it is called where that is known. */
export async function findItem(client: Pick<SynapClient, 'list'>, text: string): Promise<FoundItem> {
  const wanted = text.toLowerCase()
  if (isUuid(wanted)) return { id: wanted as EntityId, name: undefined }
  const [, high, low] = beginning.exec(wanted) ?? []
  if (high === undefined || low === undefined) {
    const message = `${JSON.stringify(text)} is not an id. ./synap list shows the ids of your items.`
    throw new CommandError(message, exitCodes.usage)
  }
  const found = await itemsOf(client, Number.parseInt(high + low, 16), wanted)
  const [first, second] = found
  if (first === undefined) {
    throw new CommandError(
      `No item begins with ${text}. What was captured a moment ago is found by its whole id only.`,
    )
  }
  if (second === undefined) return { id: first.id, name: clip(first.title ?? first.preview ?? first.id, 120) }
  const names = found
    .map(({ id, title, preview }) => `  ${id}  ${clip(title ?? preview ?? '', 80)}`)
    .join('\n')
  throw new CommandError(`Several items begin with ${text}; give more of the id:\n${names}`, exitCodes.usage)
}

async function itemsOf(client: Pick<SynapClient, 'list'>, madeAt: number, wanted: string) {
  if (madeAt - aroundMs < 0 || madeAt + aroundMs > 8.64e15) return []
  const window = {
    createdAfter: new Date(madeAt - aroundMs).toISOString(),
    createdBefore: new Date(madeAt + aroundMs).toISOString(),
    limit: pageSize,
  }
  const found = []
  let cursor: string | null = null
  for (let page = 1; page <= mostPages; page += 1) {
    const { value }: Awaited<ReturnType<SynapClient['list']>> = await client.list({
      ...window,
      ...(cursor === null ? {} : { cursor }),
    })
    found.push(...value.items.filter(({ id }) => id.startsWith(wanted)))
    cursor = value.next
    if (cursor === null) return found
  }
  throw new CommandError('Too many items were captured at that time: give the whole id.', exitCodes.usage)
}
