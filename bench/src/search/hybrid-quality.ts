import { type UserId, uuidv7 } from '@synap/core'
import { transaction } from '@synap/postgres'
import type { Row } from '../benchmark.ts'
import { ask, limit, type Mode, questionOf, type Search } from './hybrid-search.ts'
import { readLabelledSet } from './labelled-set.ts'
import { ndcg } from './ndcg.ts'
import { storeNotes } from './store-notes.ts'

/** nDCG of each order for one question of the labelled set. */
export interface Quality {
  q: string
  words: number
  meaning: number
  hybrid: number
  found: readonly (string | undefined)[]
}

/** Stores the labelled set as a user's notes and asks its questions. */
export async function measureQuality(search: Search): Promise<Quality[]> {
  const { notes, questions } = readLabelledSet()
  const userId = uuidv7() as UserId
  const ids = await transaction(search.pool, { role: 'synap_projector' }, (client) =>
    storeNotes(client, userId, notes),
  )
  const asker = { ...search, userId, vectors: notes.length }
  const names = new Map([...ids].map(([name, id]) => [id, name]))
  const qualities: Quality[] = []
  for (const { q, relevant } of questions) {
    const found = async (mode: Mode) =>
      (await ask(asker, mode, await questionOf(q))).map((id) => names.get(id) ?? '')
    const hybrid = await found('hybrid')
    qualities.push({
      q,
      words: ndcg(await found('words'), relevant, limit),
      meaning: ndcg(await found('meaning'), relevant, limit),
      hybrid: ndcg(hybrid, relevant, limit),
      found: hybrid,
    })
  }
  return qualities
}

export function qualityRows(quality: readonly Quality[]): Row[] {
  const mean = (of: Mode) => quality.reduce((sum, one) => sum + one[of], 0) / quality.length
  const count = quality.length
  return [
    {
      what: 'nDCG@10: hybrid',
      value: mean('hybrid'),
      unit: '',
      count,
      target: { atLeast: Math.max(mean('words'), mean('meaning')) },
    },
    { what: 'nDCG@10: words', value: mean('words'), unit: '', count },
    { what: 'nDCG@10: meaning', value: mean('meaning'), unit: '', count },
  ]
}
