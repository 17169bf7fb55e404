import { createHash } from 'node:crypto'
import { type AnalyseInput, type KeyTerm, likenessOf } from '@synap/ai'
import type { UserId } from '@synap/core'
import type { Client } from '@synap/postgres'
import type { LeasedJob } from '../job.ts'
import { findCandidates, findNeighbours, upsertSignature } from '../sql/neighbours.ts'

const mostLikest = 50
const mostNeighbours = 5

/**
 * What the user's other items say about this one, by the words they dwell on: no model is asked, and no text is kept.
 * Notes this item too, for those that come later.
 */
export async function lookAround(
  client: Client,
  job: Pick<LeasedJob, 'entityId' | 'userId'>,
  terms: readonly KeyTerm[],
): Promise<Required<Pick<AnalyseInput, 'neighbours' | 'sharedStems' | 'commonStems'>>> {
  const stems = new Map(terms.map(({ stem }) => [termNumber(job.userId, stem), stem]))
  const own = [...stems.keys()]
  await upsertSignature(client, job, own)
  const { candidates, items } = await findCandidates(client, job, own)
  const { likest, sharedTerms, commonTerms } = likenessOf(own, candidates, items)
  const stemsOf = (numbers: readonly number[]) => numbers.flatMap((number) => stems.get(number) ?? [])
  return {
    neighbours: await findNeighbours(client, job.userId, likest.slice(0, mostLikest), mostNeighbours),
    sharedStems: stemsOf(sharedTerms),
    commonStems: stemsOf(commonTerms),
  }
}

/** A stem as a number that says nothing by itself and matches inside one user only. */
export function termNumber(userId: UserId, stem: string): number {
  return createHash('sha256').update(`${userId}/${stem}`).digest().readInt32BE(0)
}
