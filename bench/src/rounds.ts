import type { Bench } from './benchmark.ts'
import { shuffle } from './random.ts'

/** One of those that are compared. It does the same work each time and checks its own result: a wrong one rejects. */
export interface Contender<T> {
  name: string
  run: (round: number) => Promise<T>
}

export interface RoundsOptions<T> {
  contenders: readonly Contender<T>[]
  rounds: number
  /** Rounds before those that count; 1 unless given. */
  warmUps?: number
  bench: Pick<Bench, 'say' | 'signal' | 'random'>
}

/**
 * Runs all contenders once per round, in an order drawn anew each round, so that what the machine does meanwhile hits
 * all of them alike. The result has one value per counted round, by name.
 */
export async function runRounds<T>(options: RoundsOptions<T>): Promise<Map<string, T[]>> {
  const { contenders, rounds, warmUps = 1, bench } = options
  const results = new Map<string, T[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 1 - warmUps; round <= rounds; round++) {
    bench.say(round < 1 ? `warm-up ${round + warmUps} of ${warmUps}` : `round ${round} of ${rounds}`)
    for (const { name, run } of shuffle(contenders, bench.random)) {
      bench.signal.throwIfAborted()
      const result = await run(round)
      if (round >= 1) results.get(name)?.push(result)
    }
  }
  return results
}
