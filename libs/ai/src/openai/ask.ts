import { askChat, askResponses, type ChatFormat, type Question } from './analyse.ts'
import type { Answer } from './answer.ts'
import { isShapeless, lacksResponses, refusesFormat } from './errors.ts'

type Way = (question: Question) => Promise<Answer>

const chat =
  (format: ChatFormat): Way =>
  (question) =>
    askChat(question, format)

/** How an answer in our shape can be asked for, the surest first. Compatible servers have some of them. */
const ways: readonly Way[] = [askResponses, chat('json_schema'), chat('json_object'), chat('text')]

/**
 * Asks in the first way that the server has, and remembers it.
 *
 * A way is left when the server refuses it (no such path, no such format), and, as long as none has worked, when the
 * answer is not in the shape asked for: some servers take the format and do not keep it. So the first analysis may ask
 * up to four times; from the first good answer on each asks once, and whatever goes wrong is the caller's to schedule.
 */
export function createAsk(): Way {
  let first = 0
  let proved = false
  return async (question) => {
    for (let at = first; ; at += 1) {
      const way = ways[at]
      if (way === undefined) throw new RangeError('no way is left')
      try {
        const answer = await way(question)
        proved = true
        first = Math.max(first, at)
        return answer
      } catch (error) {
        const shapeless = !proved && isShapeless(error)
        const refused = at === 0 ? lacksResponses(error) || refusesFormat(error) : refusesFormat(error)
        if (at + 1 === ways.length || !(shapeless || refused)) throw error
        if (shapeless) first = Math.max(first, at + 1)
      }
    }
  }
}
