import { type Analysis, createOfflineProvider } from '@synap/ai'
import { analysisRequest } from '@synap/contracts'
import { describe, expect, it } from 'vitest'
import { completedRequest } from './analysis-request.ts'
import type { LeasedJob } from './job.ts'

const job = {
  analysisId: '01890000-0000-7000-8000-000000000001',
  contentHash: 'ab'.repeat(32),
  enricherVersion: '1',
  run: 0,
  basedOnVersion: 2,
  eventId: '01890000-0000-7000-8000-000000000002',
} as LeasedJob
const unused = { inputTokens: 0, outputTokens: 0, costNanos: null }
const captured = Date.parse('2026-11-18T23:30:00.000Z')

async function told(text: string, timeZone: string) {
  const provider = createOfflineProvider()
  const input = {
    text,
    heading: null,
    structured: false,
    type: 'note',
    referenceMs: captured,
    timeZone,
    vocabulary: [],
    newTags: 0,
  }
  const result: Analysis = await provider.analyse(input, new AbortController().signal)
  const { model, promptVersion, offline } = provider
  return analysisRequest.parse(
    completedRequest(job, { model, promptVersion, offline, timeZone, result }, unused),
  )
}

describe('what ingest is told of an analysis', () => {
  it('given half past eleven in the evening in London, tomorrow is another day in Berlin, and the analysis says where', async () => {
    const text = 'Buy milk tomorrow'
    const [london, berlin] = await Promise.all([told(text, 'Europe/London'), told(text, 'Europe/Berlin')])
    expect(london).toMatchObject({ timeZone: 'Europe/London', result: { due: { value: '2026-11-19' } } })
    expect(berlin).toMatchObject({ timeZone: 'Europe/Berlin', result: { due: { value: '2026-11-20' } } })
  })

  it('given a date, the place of its words is told with them', async () => {
    const text = 'Buy milk tomorrow'
    const request = await told(text, 'Europe/Berlin')
    const due = request.outcome === 'completed' ? request.result.due : undefined
    expect(text.slice(...(due?.span ?? [0, 0]))).toBe('tomorrow')
    expect(due?.text).toBe('tomorrow')
  })
})
