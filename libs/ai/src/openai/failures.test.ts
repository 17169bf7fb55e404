import type { SynapError } from '@synap/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Answerer,
  errorBody,
  json,
  type ModelServer,
  refusalBody,
  responseBody,
  startModelServer,
} from '../../test/model-server.ts'
import { usageOfFailure } from '../failed-usage.ts'
import type { AnalyseInput } from '../provider.ts'
import { createOpenAiProvider } from './provider.ts'

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const createProvider = () =>
  createOpenAiProvider({
    apiKey: 'sk-canary',
    baseUrl: server.baseUrl,
    model: 'test-model',
    embeddingModel: 'test-embedding',
  })
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
  people: [],
  tags: [],
  intent: { kind: 'note', confidence: 0.5, quote: null },
  due: null,
}
const signal = () => AbortSignal.timeout(20_000)

describe('what a failure tells', () => {
  it('given a date in retry-after, when limited, then the wait ends there', async () => {
    const at = Math.floor(Date.now() / 1_000) * 1_000 + 90_000
    const headers = { 'retry-after': new Date(at).toUTCString() }
    server.answerWith((r) => json(r, errorBody('requests', 'rate_limit_exceeded'), 429, headers))
    const provider = createProvider()
    const error = await provider.analyse(input, signal()).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'model.rate_limited' })
    const { retryAfterMs = 0 } = error as SynapError
    expect(retryAfterMs).toBeLessThanOrEqual(90_000)
    expect(Date.now() + retryAfterMs).toBeGreaterThanOrEqual(at)
  })

  it('given answers of no use, when they failed, then what they used is told all the same; without an answer nothing is', async () => {
    const provider = createProvider()
    server.answerWith((r) => json(r, responseBody(JSON.stringify(answer))))
    await provider.analyse(input, signal())
    const failed = async (answerer: Answerer) => {
      server.answerWith(answerer)
      return usageOfFailure(await provider.analyse(input, signal()).catch((reason: unknown) => reason))
    }
    const one = { requests: 1, inputTokens: 321, outputTokens: 45 }
    expect(await failed((r) => json(r, responseBody('{"title": "Buy mi')))).toEqual(one)
    expect(await failed((r) => json(r, refusalBody()))).toMatchObject({ requests: 1 })
    expect(await failed((r) => json(r, errorBody('server_error', null), 500))).toBeUndefined()
    expect(await failed((r) => r.socket?.resetAndDestroy())).toBeUndefined()
  })
})
