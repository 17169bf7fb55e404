import type {
  EnrichmentBudget,
  EnrichmentPauseRequest,
  EnrichmentPauseResponse,
  EnrichmentResumeRequest,
  EnrichmentRetryRequest,
  EnrichmentRetryResponse,
  EnrichmentStatus,
} from '@synap/contracts'
import type { UserId } from '@synap/core'
import type { CallOptions } from './transport.ts'

export interface EnrichmentOptions extends CallOptions {
  /** Another user; with the scope `operate`. */
  user?: UserId
  /** Everybody together; with the scope `operate`. */
  all?: boolean
}

/**
 * What enrichment costs, what holds it back, and what is tried again: one's own, or with the scope `operate` others'.
 * Rejects like `IngestClient`.
 */
export interface EnrichmentClient {
  enrichment(options?: EnrichmentOptions): Promise<EnrichmentStatus>
  /** Marks what is tried again within seconds. */
  retryEnrichment(request?: EnrichmentRetryRequest, options?: CallOptions): Promise<EnrichmentRetryResponse>
  pauseEnrichment(request?: EnrichmentPauseRequest, options?: CallOptions): Promise<EnrichmentPauseResponse>
  resumeEnrichment(request?: EnrichmentResumeRequest, options?: CallOptions): Promise<EnrichmentPauseResponse>
  /** Null: the limits of the settings hold again. */
  setBudget(user: UserId, budget: EnrichmentBudget | null, options?: CallOptions): Promise<void>
}
