import type { ModelProvider } from '@synap/ai'
import { enricherVersion } from '@synap/contracts'
import type { UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import { type ChosenModel, chosen } from '../chosen-model.ts'
import { extractProducer } from '../steps/extract.ts'

/** Tells others what the enricher is set to. */
export async function noteConfigured(client: Client, provider: ModelProvider): Promise<void> {
  const { model, producer } = chosen(provider)
  await execute(client, {
    name: 'enrich.note_configured',
    text: `insert into enrich.configured (model, prompt_version, offline, embedding_model, embedding_producer,
             extract_producer, enricher_version)
           values ($1::text, $2::text, $3::boolean, $4::text, $5::text, $6::text, $7::text)
           on conflict (one) do update set model = excluded.model, prompt_version = excluded.prompt_version,
             offline = excluded.offline, embedding_model = excluded.embedding_model,
             embedding_producer = excluded.embedding_producer, extract_producer = excluded.extract_producer,
             enricher_version = excluded.enricher_version, updated_at = now()`,
    values: [
      provider.model,
      provider.promptVersion,
      provider.offline,
      model,
      producer,
      extractProducer,
      enricherVersion,
    ],
  })
}

/**
 * The model by whose vectors a user is searched, `otherwise` where there are none yet; held until the end of the
 * transaction, so that a switch comes before or after whatever is settled by it.
 */
export async function holdUserModel(
  client: Client,
  userId: UserId,
  otherwise: ChosenModel,
): Promise<ChosenModel> {
  await execute(client, {
    name: 'enrich.insert_user_model',
    text: `insert into enrich.user_models (user_id, model, producer) values ($1::uuid, $2::text, $3::text)
           on conflict (user_id) do nothing`,
    values: [userId, otherwise.model, otherwise.producer],
  })
  const [row] = await query<ChosenModel>(client, {
    name: 'enrich.hold_user_model',
    text: 'select model, producer from enrich.user_models where user_id = $1::uuid for share',
    values: [userId],
  })
  return row ?? otherwise
}

/** Keeps the choice still until the end of the transaction. */
export async function lockUserModel(client: Client, userId: UserId): Promise<ChosenModel | undefined> {
  const [row] = await query<ChosenModel>(client, {
    name: 'enrich.lock_user_model',
    text: 'select model, producer from enrich.user_models where user_id = $1::uuid for update',
    values: [userId],
  })
  return row
}

export async function updateUserModel(client: Client, userId: UserId, model: ChosenModel): Promise<void> {
  await execute(client, {
    name: 'enrich.update_user_model',
    text: `update enrich.user_models set model = $2::text, producer = $3::text, since = now() where user_id = $1::uuid`,
    values: [userId, model.model, model.producer],
  })
}

/** Settles whose vectors a held job makes. */
export async function settleEmbedModel(client: Client, jobId: string, model: string): Promise<void> {
  await execute(client, {
    name: 'enrich.settle_embed_model',
    text: 'update enrich.jobs set embed_model = $2::text where job_id = $1::uuid',
    values: [jobId, model],
  })
}
