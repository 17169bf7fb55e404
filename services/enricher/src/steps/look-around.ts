import { createHash } from 'node:crypto'
import { type AnalyseInput, type KeyTerm, likenessOf } from '@synap/ai'
import type { Client } from '@synap/postgres'
import type { LeasedJob } from '../job.ts'
import { findCandidates, findNeighbours, upsertSignature } from '../sql/neighbours.ts'

const mostLikest = 50
const mostNeighbours = 5

type Item = Pick<LeasedJob, 'entityId' | 'userId'>

/** Notes what an item dwells on, for those that come later. */
export async function noteTerms(client: Client, item: Item, terms: readonly KeyTerm[]): Promise<void> {
  await upsertSignature(client, item, [...numbersOf(item, terms).keys()])
}

/** What the user's other items say about this one, by the words they dwell on: no model is asked, and no text is kept. */
export async function lookAround(
  client: Client,
  item: Item,
  terms: readonly KeyTerm[],
): Promise<Required<Pick<AnalyseInput, 'neighbours' | 'sharedStems' | 'commonStems'>>> {
  const stems = numbersOf(item, terms)
  const own = [...stems.keys()]
  const { candidates, items } = await findCandidates(client, item, own)
  const { likest, sharedTerms, commonTerms } = likenessOf(own, candidates, items)
  const stemsOf = (numbers: readonly number[]) => numbers.flatMap((number) => stems.get(number) ?? [])
  return {
    neighbours: await findNeighbours(client, item.userId, likest.slice(0, mostLikest), mostNeighbours),
    sharedStems: stemsOf(sharedTerms),
    commonStems: stemsOf(commonTerms),
  }
}

/** Stems by the numbers they are kept as, which tell nothing by themselves and match inside one user only. */
function numbersOf({ userId }: Item, terms: readonly KeyTerm[]): Map<number, string> {
  const numberOf = (stem: string) => createHash('sha256').update(`${userId}/${stem}`).digest().readInt32BE(0)
  return new Map(terms.map(({ stem }) => [numberOf(stem), stem]))
}
