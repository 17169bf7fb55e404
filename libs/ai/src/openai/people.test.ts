import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { json, type ModelServer, responseBody, startModelServer } from '../../test/model-server.ts'
import type { AnalyseInput, ModelProvider } from '../provider.ts'
import { createOpenAiProvider } from './provider.ts'

let server: ModelServer
let provider: ModelProvider
beforeAll(async () => {
  server = await startModelServer()
  const model = { model: 'm', embeddingModel: 'e', baseUrl: server.baseUrl, apiKey: 'k' }
  provider = createOpenAiProvider(model)
})
afterAll(() => server.close())

const input: AnalyseInput = {
  text: 'Buy milk',
  heading: null,
  structured: false,
  type: 'note',
  referenceMs: Date.parse('2026-11-18T14:30:00Z'),
  timeZone: 'UTC',
  vocabulary: [],
}
const answer = {
  title: null,
  summary: null,
  language: null,
  tags: [],
  intent: { kind: 'note', confidence: 0.5, quote: null },
  due: null,
}
const signal = () => AbortSignal.timeout(25_000)
const answerWith = (people: unknown) =>
  server.answerWith((response) => json(response, responseBody(JSON.stringify({ ...answer, people }))))

describe('people in a model’s answer', () => {
  it('given names of people, when read, then those stay that stand in the text, as they stand there, in their order', async () => {
    const text = 'Ana  Novak met BEN at the bank. Banana bread for 田中さん, and Jürgen.'
    const people = async (names: unknown) => {
      answerWith(names)
      return (await provider.analyse({ ...input, text }, signal())).people
    }
    expect(await people(['ben', 'ana novak', '田中', 'Ben', 'Zoe', 'An', 'Ju\u0308rgen'])).toEqual({
      names: ['Ana Novak', 'BEN', '田中', 'Jürgen'],
      confidence: 0.8,
    })
    expect(await people(['[Ben](https://evil.example)', '<b>Ana Novak</b>', '![x](//evil.example)'])).toEqual(
      {
        names: ['Ana Novak', 'BEN'],
        confidence: 0.8,
      },
    )
    expect(
      await people(['Zoe', 'https://evil.example', '', 'a'.repeat(5_000), '.*', '(', 'Ana\\']),
    ).toBeNull()
    expect(await people([])).toBeNull()
  })

  it.each([['Ben'], [{ names: ['Ben'] }], [null], [[7]], [undefined]])(
    'given %j for people, when answered, then it is the wrong shape',
    async (people) => {
      answerWith(people)
      await expect(provider.analyse(input, signal())).rejects.toMatchObject({ code: 'model.wrong_shape' })
    },
  )

  it('given more than ten people, when read, then the first ten of the text stay, and none that is longer than 80 signs', async () => {
    const names = Array.from({ length: 15 }, (_, n) => `Ana${String.fromCharCode(97 + n)}`)
    const long = `B${'b'.repeat(80)}`
    answerWith([...names, long].toReversed())
    const result = await provider.analyse({ ...input, text: `${long} ${names.join(' ')}` }, signal())
    expect(result.people?.names).toEqual(names.slice(0, 10))
  })
})
