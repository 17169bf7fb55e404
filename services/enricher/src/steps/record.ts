import type { ModelProvider } from '@synap/ai'
import type { SynapClient } from '@synap/client'
import { ApiError } from '@synap/client'
import { completedRequest, failedRequest } from '../analysis-request.ts'
import { findAnalysis } from '../sql/results.ts'
import { findStepUsage } from '../sql/spending.ts'
import type { Step } from './step.ts'

/**
 * Tells ingest, through its front door, what the analysis found or why it was given up. Sent twice it is a duplicate
 * there. That the item has other content by now, or is gone, is an outcome.
 */
export function createRecord(options: {
  client: Pick<SynapClient, 'recordAnalysis'>
  provider: ModelProvider
}): Step {
  const { client, provider } = options
  return async ({ job, signal, commit }) => {
    const failed = job.steps.find(({ step, state }) => state === 'failed' && step !== 'embed')
    const { stored, used } = await commit(async (transaction) => ({
      stored: await findAnalysis(transaction, job.jobId),
      used: await findStepUsage(transaction, job.jobId, 'analyse'),
    }))
    const request =
      stored === undefined
        ? failedRequest(
            job,
            provider,
            {
              code: failed?.errorCode ?? 'enricher.no_analysis',
              detail: failed?.errorText ?? null,
            },
            used,
          )
        : completedRequest(job, stored, used)
    try {
      const { outcome } = await client.recordAnalysis(job.entityId, request, { signal, actFor: job.userId })
      return { state: 'done', outcome }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      return { state: 'done', outcome: 'gone', skips: ['embed', 'publish'] }
    }
  }
}
