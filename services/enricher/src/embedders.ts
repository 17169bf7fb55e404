import { embedderOf, type ModelProvider } from '@synap/ai'
import { SynapError } from '@synap/core'
import { chosen } from './chosen-model.ts'
import { holdUserModel, settleEmbedModel } from './sql/user-models.ts'
import type { StepContext } from './steps/step.ts'

/** Who embeds: the configured model, or the one that a user's vectors are of. */
export interface Embedders {
  /** The one that the settings name. */
  readonly configured: ModelProvider
  /** By the name of its model. Throws `model.not_configured` (configuration). */
  of(model: string): ModelProvider
  /**
   * The one that makes a job's vectors, settled once and for all when it begins to embed: that of the job itself, else
   * the one by whose vectors the user is searched, else (nobody embedded anything of this user) the configured one.
   */
  ofJob(context: StepContext): Promise<ModelProvider>
}

/** @param providers the configured one first, then others that are there besides. */
export function createEmbedders(providers: readonly [ModelProvider, ...ModelProvider[]]): Embedders {
  const [configured] = providers
  const of = (model: string) => {
    const provider = embedderOf(providers, model)
    if (provider !== undefined) return provider
    throw new SynapError("the model of this user's vectors is not configured here", {
      code: 'model.not_configured',
      class: 'configuration',
      fields: { model },
    })
  }
  const settle = async ({ job, commit }: StepContext): Promise<string> => {
    const model = await commit(async (client) => {
      const own = await holdUserModel(client, job.userId, chosen(configured))
      await settleEmbedModel(client, job.jobId, own.model)
      return own.model
    })
    job.embedModel = model
    return model
  }
  return {
    configured,
    of,
    ofJob: async (context) => of(context.job.embedModel ?? (await settle(context))),
  }
}
