import type { Analysis, ModelProvider } from '@synap/ai'
import type { AnalysisRequest, AnalysisResult } from '@synap/contracts'
import type { LeasedJob } from './job.ts'
import type { StoredAnalysis } from './sql/results.ts'
import type { StepUsage } from './sql/spending.ts'

/** What ingest is told of a finished analysis. */
export function completedRequest(job: LeasedJob, stored: StoredAnalysis, used: StepUsage): AnalysisRequest {
  const { model, promptVersion, offline, timeZone, result } = stored
  return {
    ...jobOf(job),
    model,
    promptVersion,
    offline,
    usage: usageOf(used),
    outcome: 'completed',
    timeZone,
    result: resultOf(result),
  }
}

/** What ingest is told of an analysis that was given up; `detail` holds no content. */
export function failedRequest(
  job: LeasedJob,
  provider: ModelProvider,
  error: { code: string; detail: string | null },
  used: StepUsage,
): AnalysisRequest {
  const { model, promptVersion, offline } = provider
  const detail = error.detail?.slice(0, 200)
  return {
    ...jobOf(job),
    model,
    promptVersion,
    offline,
    usage: usageOf(used),
    outcome: 'failed',
    error: { code: error.code.slice(0, 100), ...(detail === undefined ? {} : { detail }) },
  }
}

function jobOf({ analysisId, contentHash, enricherVersion, run, basedOnVersion, eventId }: LeasedJob) {
  return { analysisId, contentHash, enricherVersion, run, basedOnVersion, causedBy: eventId }
}

/** Millionths, rounded up: little is not nothing. */
function usageOf({ inputTokens, outputTokens, costNanos }: StepUsage) {
  const cost = costNanos === null ? {} : { costMicros: Math.ceil(costNanos / 1_000) }
  return { inputTokens, outputTokens, ...cost }
}

/** An intent "note" is no proposal: the item stays what it is. */
function resultOf(analysis: Analysis): AnalysisResult {
  const { title, titleConfidence, summary, language, people, tags, intent, due } = analysis
  const { kind, confidence, span } = intent
  return {
    ...(title === null ? {} : { title: { value: title, confidence: titleConfidence } }),
    ...(summary === null ? {} : { summary: { value: summary, confidence: 0.6 } }),
    ...(language === null ? {} : { language: { value: language, confidence: 0.9 } }),
    ...(people === null || people === undefined
      ? {}
      : { people: { value: [...people.names], confidence: people.confidence } }),
    ...(kind === 'note' ? {} : { type: { value: kind, confidence } }),
    ...(due === null
      ? {}
      : {
          due: {
            value: due.moment.kind === 'date' ? due.moment.date : due.moment.at,
            confidence: due.confidence,
            text: due.text.slice(0, 200),
            span: [due.span.start, due.span.end],
          },
        }),
    tags,
    intent: { kind, confidence, ...(span === null ? {} : { span: [span.start, span.end] }) },
  }
}
