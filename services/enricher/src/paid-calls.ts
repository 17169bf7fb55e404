import type { ModelProvider, Usage } from '@synap/ai'
import { usageOfFailure } from '@synap/ai'
import { crashpoint, errorClass, SynapError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import { observe } from '@synap/telemetry'
import { askModel } from './ask-model.ts'
import { type Breaker, type BreakerState, createBreaker } from './costs/breaker.ts'
import type { Budget } from './costs/budget.ts'
import type { NewCall, PaidStep } from './sql/spending.ts'
import type { StepContext } from './steps/step.ts'

/** What a step wants of a model. */
export interface ModelCall<T extends { usage: Usage }> {
  step: PaidStep
  /** Who is asked: the configured one, or one for a model that was configured before. */
  provider: ModelProvider
  model: string
  /** What it may use at most. */
  most: Usage
  ask: () => Promise<T>
}

/** Calls of models: held back, counted and paid for in one place. */
export interface PaidCalls {
  /**
   * Makes the call when nothing holds it back. Rejects with `Deferred` when something does (then nothing was asked), else
   * like the provider.
   */
  make<T extends { usage: Usage }>(context: StepContext, call: ModelCall<T>): Promise<T>
  stop(): void
}

export interface PaidCallsOptions {
  provider: ModelProvider
  budget: Budget
  /** Failures in a row after which a server is left alone, and for how long at first. */
  breaker: { failures: number; openMs: number }
  logger: Logger
}

const operations = { analyse: 'chat', embed: 'embeddings' } as const
const states: readonly BreakerState[] = ['closed', 'half-open', 'open']

interface Watched {
  step: PaidStep
  provider: string
  model: string
  breaker: Breaker
}

/** One breaker for each operation and model: a server whose embeddings hang may analyse well, or embed by another model. */
export function createPaidCalls(options: PaidCallsOptions): PaidCalls {
  const { budget, logger } = options
  const breakers = new Map<string, Watched>()
  const breakerOf = (step: PaidStep, { name: provider }: ModelProvider, model: string) => {
    const name = `${provider} ${operations[step]} ${model}`
    const known = breakers.get(name)
    if (known !== undefined) return known.breaker
    const breaker = createBreaker({ name, ...options.breaker })
    breakers.set(name, { step, provider, model, breaker })
    return breaker
  }
  breakerOf('analyse', options.provider, options.provider.model)
  breakerOf('embed', options.provider, options.provider.embeddingModel)
  const unobserve = observe(
    'synap_enricher_breaker_state',
    { help: '1 for the state that the breaker of a model is in, by provider, operation and model.' },
    () => [...breakers.values()].flatMap(statesOf),
  )

  /** What cannot be written now counts as it was estimated: the answer is worth more than the numbers. */
  const settled = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      if (errorClass(error) === 'bug') throw error
      logger.warn({ error }, 'what a call used could not be written')
    })

  return {
    async make(context, { step, provider, model, most, ask }) {
      const { job, commit, signal } = context
      const wanted = { ...job, step, provider: provider.name, model, ...most }
      // Costs nothing and asks nobody, but a pause holds it back too.
      if (provider.offline) {
        await commit((client) => budget.refusePaused(client, wanted))
        return askModel(operations[step], provider, model, ask)
      }
      const pass = breakerOf(step, provider, model).enter()
      let call: NewCall
      try {
        call = await commit((client) => budget.reserve(client, wanted))
      } catch (error) {
        pass.dropped()
        throw error
      }
      crashpoint('enricher.after_reserve')
      try {
        const answer = await askModel(operations[step], provider, model, ask)
        pass.answered()
        const { requests = 1, inputTokens, outputTokens } = answer.usage
        crashpoint('enricher.after_answer')
        await settled(budget.settle(call, { requests, inputTokens, outputTokens, errorCode: null }))
        return answer
      } catch (error) {
        if (signal.aborted) pass.dropped()
        const deferred = signal.aborted ? undefined : pass.failed(error)
        await settled(settleFailure(budget, call, error))
        throw deferred ?? error
      }
    },
    stop: unobserve,
  }
}

function statesOf({ step, provider, model, breaker }: Watched) {
  const now = breaker.state()
  return states.map((state) => ({
    value: state === now ? 1 : 0,
    labels: { provider, operation: operations[step], model, state },
  }))
}

/** A server that says no asks for no money; one that says nothing may well have worked. */
const unpaid: ReadonlySet<string> = new Set([
  'model.rate_limited',
  'model.quota_exhausted',
  'model.unauthorised',
  'model.not_found',
  'model.no_embeddings',
  'model.request_refused',
  'model.unavailable',
])

function settleFailure(budget: Budget, call: NewCall, error: unknown): Promise<void> {
  const errorCode = error instanceof SynapError ? error.code : 'unknown'
  const usage = usageOfFailure(error)
  if (usage !== undefined) {
    const { requests = 1, inputTokens, outputTokens } = usage
    return budget.settle(call, { requests, inputTokens, outputTokens, errorCode })
  }
  if (unpaid.has(errorCode) || wasNeverReached(error)) {
    return budget.settle(call, { requests: 0, inputTokens: 0, outputTokens: 0, errorCode })
  }
  return budget.leave(call, errorCode)
}

const neverReached: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']

function wasNeverReached(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) {
    if ('code' in at && neverReached.includes(at.code)) return true
  }
  return false
}
