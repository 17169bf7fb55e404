import { errorClass, SynapError, wait } from '@synap/core'
import { inTransaction } from '../database.ts'
import { postponeEnrichment, takeEnrichment } from '../sql/enrichments.ts'
import { type AnalyseTurnOptions, takeAnalyseTurn } from './analyse-turn.ts'
import { type TurnOptions, takeEmbedTurn } from './embed-turn.ts'

export interface EnrichmentsOptions extends TurnOptions, AnalyseTurnOptions {
  /** New jobs were committed. */
  onJobs(): void
  /** Called with a bug: the process should end. */
  fail(error: unknown): void
}

export interface Enrichments {
  /** A job ended: there may be room for more. */
  wake(): void
  stop(): Promise<void>
}

const everyMs = 500
const troubleMs = 5_000
/** A turn of a process that died is taken up again so much later. */
const leaseMs = 60_000
/** Wakings come with every job: turns need not. */
const shortestRestMs = 100

/** Takes the turns of enrichments that people asked for, one after the other, until stopped. */
export function startEnrichments(options: EnrichmentsOptions): Enrichments {
  const stopping = new AbortController()
  const { signal } = stopping
  let awake = new AbortController()

  const turn = async (): Promise<boolean> => {
    const work = await inTransaction(options.pool, (client) => takeEnrichment(client, leaseMs))
    if (work === undefined) return false
    try {
      await (work.kind === 'embed' ? takeEmbedTurn : takeAnalyseTurn)(options, work, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (errorClass(error) === 'bug') throw error
      const code = error instanceof SynapError ? error.code : 'unknown'
      await inTransaction(options.pool, (client) => postponeEnrichment(client, work, troubleMs, code))
      throw error
    }
    options.onJobs()
    return true
  }

  const loop = async () => {
    while (!signal.aborted) {
      try {
        while (await turn()) signal.throwIfAborted()
      } catch (error) {
        if (signal.aborted) return
        if (errorClass(error) === 'bug') return options.fail(error)
        options.logger.warn({ error }, 'an enrichment is taken up again later')
      }
      await wait(shortestRestMs, signal).catch(() => undefined)
      await wait(everyMs, AbortSignal.any([signal, awake.signal])).catch(() => undefined)
      awake = new AbortController()
    }
  }
  const looping = loop()
  return {
    wake: () => awake.abort(),
    async stop() {
      stopping.abort(new Error('the enricher is stopping'))
      await looping
    },
  }
}
