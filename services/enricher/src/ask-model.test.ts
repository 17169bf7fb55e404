import { SynapError } from '@synap/core'
import { metricsText } from '@synap/telemetry'
import { collectSpans, type SpanCollector } from '@synap/telemetry/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askModel } from './ask-model.ts'

describe('askModel', () => {
  let collector: SpanCollector
  beforeAll(() => {
    collector = collectSpans()
  })
  afterAll(() => collector.close())

  const provider = { name: 'openai', offline: false }
  const valueOf = async (series: string) => {
    const line = (await metricsText()).split('\n').find((candidate) => candidate.startsWith(series))
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')))
  }
  const of = (operation: string, model: string) =>
    `gen_ai_operation_name="${operation}",gen_ai_provider_name="openai",gen_ai_request_model="${model}"`

  it('given an answer, when it comes, then span and metrics say operation, provider, model and tokens', async () => {
    const usage = { inputTokens: 120, outputTokens: 30 }
    await askModel('chat', provider, 'one-model', async () => ({ usage }))
    expect(collector.only('chat one-model')).toMatchObject({
      kind: 2,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'one-model',
        'gen_ai.usage.input_tokens': 120,
        'gen_ai.usage.output_tokens': 30,
      },
    })
    const labels = of('chat', 'one-model')
    expect(await valueOf(`gen_ai_client_operation_duration_seconds_count{${labels}}`)).toBe(1)
    expect(await valueOf(`gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"}`)).toBe(120)
    expect(await valueOf(`gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"}`)).toBe(30)
    expect(
      await valueOf(`gen_ai_client_token_usage_bucket{${labels},gen_ai_token_type="output",le="64"}`),
    ).toBe(1)
  })

  it('given an embedding, when it comes, then there are no tokens out', async () => {
    await askModel('embeddings', provider, 'vectors', async () => ({
      usage: { inputTokens: 7, outputTokens: 0 },
    }))
    const text = await metricsText()
    expect(text).toContain(
      `gen_ai_client_token_usage_sum{${of('embeddings', 'vectors')},gen_ai_token_type="input"} 7`,
    )
    expect(text).not.toContain(`${of('embeddings', 'vectors')},gen_ai_token_type="output"`)
  })

  it('given a failure, when it comes, then its code is the type of error, on span and metric', async () => {
    const refusal = new SynapError('the model declines', { code: 'model.refused', class: 'data' })
    await expect(askModel('chat', provider, 'refusing', () => Promise.reject(refusal))).rejects.toBe(refusal)
    expect(collector.only('chat refusing')).toMatchObject({
      status: 2,
      attributes: { 'error.type': 'model.refused' },
    })
    const labels = `${of('chat', 'refusing')},error_type="model.refused"`
    expect(await valueOf(`gen_ai_client_operation_duration_seconds_count{${labels}}`)).toBe(1)
  })

  it('given the offline provider, when asked, then its time is known and no tokens are made up', async () => {
    const offline = { name: 'synap-offline', offline: true }
    await askModel('chat', offline, 'synap-offline-1', async () => ({
      usage: { inputTokens: 0, outputTokens: 0 },
    }))
    const span = collector.only('chat synap-offline-1')
    expect(span.kind).toBe(0)
    expect(span.attributes).not.toHaveProperty('gen_ai.usage.input_tokens')
    expect(await metricsText()).not.toMatch(/gen_ai_client_token_usage_sum\{[^}]*synap-offline/)
  })
})
