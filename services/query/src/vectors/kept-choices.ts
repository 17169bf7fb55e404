import type { Pool } from '@synap/postgres'
import type { Logger } from '@synap/telemetry'
import type { CommonFilter } from '../sql/list-entities.ts'
import { type Choice, createChoices } from './choices.ts'
import { type Chosen, createChosen } from './chosen.ts'
import type { Held } from './held-vectors.ts'
import type { VectorsOf } from './load-vectors.ts'
import { readChoice } from './read-choice.ts'
import type { ReadQueue } from './read-queue.ts'
import { vectorsOf } from './vectors-of.ts'

/** What filters let pass of the vectors in memory. */
export interface KeptChoices {
  /** What a filter let pass when it was looked for last; undefined: not known of the vectors that are here now. */
  choice(of: VectorsOf, filter: string): Choice | undefined
  /**
   * Takes the entities that a filter lets pass, by their ids of 16 bytes each, and gives their vectors; kept for `position`, if it
   * is given. Undefined: these vectors are not here.
   */
  choose(
    of: VectorsOf,
    filter: string,
    passing: { ids: Uint8Array; position: string | undefined },
  ): Chosen | undefined
  /** Has what a filter lets pass read in the background, and kept, unless more than so many pass. */
  wantChoice(of: VectorsOf, filter: string, wanted: { filter: CommonFilter; most: number }): void
  /** A choice turned out to be of another position. */
  dropChoice(filter: string): void
}

export interface KeptChoicesDeps {
  pool: Pool
  logger: Logger
  queue: ReadQueue
  look: (of: VectorsOf) => Held | undefined
  /** Memory at most. */
  maxBytes: number
}

export function createKeptChoices({ pool, logger, queue, look, maxBytes }: KeptChoicesDeps) {
  const choices = createChoices(maxBytes)
  const choose: KeptChoices['choose'] = (of, filter, { ids, position }) => {
    const found = look(of)
    if (found === undefined) return undefined
    const vectors = createChosen(vectorsOf(found.packed, ids), found.packed.count())
    if (position !== undefined) choices.set(filter, found.packed, { vectors, position })
    return vectors
  }
  const kept: KeptChoices = {
    choice(of, filter) {
      const found = look(of)
      return found && choices.get(filter, found.packed)
    },
    choose,
    wantChoice: (of, key, wanted) =>
      queue.want(`what passes ${key}`, (signal) =>
        readChoice({ pool, logger }, { of, ...wanted }, (passing) => choose(of, key, passing), signal),
      ),
    dropChoice: (filter) => choices.drop(filter),
  }
  return { kept, bytes: () => choices.bytes(), dropGone: () => choices.dropGone() }
}
