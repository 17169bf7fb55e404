import type { SynapClient } from '@synap/client'
import type { TagView } from '@synap/contracts'
import { CommandError } from './command-error.ts'
import { nearest } from './nearest.ts'
import { readPages } from './read-pages.ts'

const most = 5_000

/**
 * The tag of this name, as reads show it: capitals and white space do not count. Rejects with a `CommandError` when there
 * is none, with the name that was probably meant.
 */
export async function findTag(client: Pick<SynapClient, 'tags'>, name: string): Promise<TagView> {
  const wanted = comparable(name)
  const { items } = await readPages(most, (page) => client.tags(page))
  const found = items.find((tag) => comparable(tag.name) === wanted)
  if (found !== undefined) return found
  const meant = nearest(
    wanted,
    items.map((tag) => comparable(tag.name)),
  )
  throw new CommandError(
    `There is no tag ${JSON.stringify(name)}. ${meant === undefined ? '' : `(Did you mean ${meant}?) `}` +
      './synap tag list shows them; one that was put on a moment ago may still be on its way.',
  )
}

const comparable = (name: string): string => name.normalize('NFC').trim().replace(/\s+/gu, ' ').toLowerCase()
