import { createOfflineProvider } from '../src/index.ts'
import { createOpenAiProvider } from '../src/openai/provider.ts'
import { modelContract } from './contract.ts'
import { type ServerDialect, startOpenAiServer } from './openai-server.ts'

modelContract('offline', async () => ({ provider: createOfflineProvider(), close: async () => undefined }))

/**
 * Dialects of servers that people run. What each of them lacks was read in its documentation, its source or its issues;
 * none of them runs here.
 */
const dialects: Record<string, ServerDialect> = {
  OpenAI: { apiKey: 'sk-test' },
  'Ollama since 0.13.3': { vectorLength: 768 },
  'a server without the Responses API': { responses: false, vectorLength: 1_024, dimensions: 'ignored' },
  'LM Studio, whose Responses API keeps no format': {
    responsesShape: 'prose',
    formats: ['json_schema', 'text'],
    vectorLength: 768,
    dimensions: 'ignored',
  },
  'LM Studio, with the answer in a Markdown fence': {
    responsesShape: 'fenced',
    formats: ['json_schema', 'text'],
  },
  vLLM: { vectorLength: 1_024, dimensions: 'refused' },
  'a server with JSON mode only': { responses: false, formats: ['json_object'], vectorLength: 384 },
  'a server without structured answers': { responses: false, formats: ['text'], vectorLength: 384 },
}

for (const [name, dialect] of Object.entries(dialects)) {
  modelContract(`OpenAI driver on ${name}`, async () => {
    const server = await startOpenAiServer(dialect)
    const { apiKey } = dialect
    const provider = createOpenAiProvider({
      ...(apiKey === undefined ? {} : { apiKey }),
      baseUrl: server.baseUrl,
      model: 'test-model',
      embeddingModel: 'test-embedding',
    })
    return {
      provider,
      stall: () => {
        server.become('stalled')
        return () => server.become('well')
      },
      asked: () => server.requests.length,
      close: () => server.close(),
    }
  })
}
