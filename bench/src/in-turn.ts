import { performance } from 'node:perf_hooks'
import { shuffle } from './random.ts'

/** One that answers questions. It does the same work each time and checks its own answer: a wrong one rejects. */
export interface Answerer<Q> {
  name: string
  ask: (question: Q) => Promise<unknown>
}

export interface InTurn<Q> {
  answerers: readonly Answerer<Q>[]
  questions: readonly Q[]
  /** All are asked everything again, until those named have been at work so long, each by itself. */
  until: { names: readonly string[]; ms: number }
  random: () => number
  signal: AbortSignal
  now?: () => number
}

/**
 * Asks each question of all, one behind the other, in an order drawn anew for each question: what the machine does meanwhile, and what
 * the one before left in its caches, hits all of them alike. Milliseconds of each answer, by name: the questions in their order, as
 * often as they were asked.
 */
export async function askInTurn<Q>(options: InTurn<Q>): Promise<Map<string, number[]>> {
  const { answerers, questions, until, random, signal, now = () => performance.now() } = options
  const times = new Map<string, number[]>(answerers.map(({ name }) => [name, []]))
  const sums = new Map<string, number>()
  do {
    for (const question of questions) {
      for (const { name, ask } of shuffle(answerers, random)) {
        signal.throwIfAborted()
        const began = now()
        await ask(question)
        const ms = now() - began
        times.get(name)?.push(ms)
        sums.set(name, (sums.get(name) ?? 0) + ms)
      }
    }
  } while (until.names.some((name) => (sums.get(name) ?? Infinity) < until.ms))
  return times
}
