import type { FileType } from '@synap/contracts'
import { eventually } from '@synap/testing'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { fileOf, type History, newEntity } from './events.ts'
import { answerAsModel } from './model-stub.ts'
import { createStand, type Stand } from './stand.ts'

export const waiting = { deadlineMs: 90_000, everyMs: 50 }
/** With neither key nor address the offline provider works. */
export const offline = { OPENAI_API_KEY: undefined, OPENAI_BASE_URL: undefined }
export const allDone = {
  download: 'done',
  extract: 'done',
  publish_text: 'done',
  analyse: 'done',
  embed: 'done',
  publish: 'done',
  record: 'done',
}

/** A stand for the tests of a file, and what they do with it. */
export function useStand() {
  let made: Stand | undefined
  const stand = () => {
    if (made === undefined) throw new Error('the stand is not there yet')
    return made
  }
  beforeAll(async () => {
    made = await createStand()
  }, 180_000)
  afterAll(() => made?.[Symbol.asyncDispose]())
  beforeEach(() => {
    stand().model.answerWith(answerAsModel)
    stand().model.requests.length = 0
    stand().ingest.requests.length = 0
  })

  const states = async (history: History, id: string) =>
    Object.fromEntries((await stand().status(history.userId, id)).map(({ step, state }) => [step, state]))

  return {
    stand,
    states,
    /** Stores content as ingest would, and gives the events of its capture. */
    capture: async (
      history: History,
      content: string | Buffer,
      fileType: FileType = 'markdown',
      timeZone: string | null = null,
    ) => {
      const id = newEntity()
      const events = [history.created(id, null, timeZone), history.uploaded(id, content, fileType, timeZone)]
      const { sha256, key } = fileOf(history.userId, id, content, fileType)
      await stand().objects.put(key, Buffer.from(content), { contentType: 'text/markdown' })
      return { id, events, sha256, key }
    },
    finished: (history: History, id: string, expected: Record<string, string> = allDone) =>
      eventually(
        'the item is worked off',
        async () => {
          expect(await states(history, id)).toEqual(expected)
          return true
        },
        waiting,
      ),
    analysesOf: (id: string) =>
      stand().ingest.requests.filter(({ path }) => path === `/v1/entities/${id}/analyses`),
    /** Calls to the model with these words in them. */
    modelCalls: (words: string, path = '/responses') =>
      stand().model.requests.filter(
        (request) => request.path.endsWith(path) && JSON.stringify(request.body).includes(words),
      ).length,
  }
}
