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
  /** In place of the limits for each user; what is null has none. Answers what holds for them now. */
  setBudget(user: UserId, budget: EnrichmentBudget, options?: CallOptions): Promise<EnrichmentStatus>
  /** The limits of the settings hold again. */
  dropBudget(user: UserId, options?: CallOptions): Promise<void>
}
