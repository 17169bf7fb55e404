import type { EntityId, UserId } from '@synap/core'
import { type Client, execute, query } from '@synap/postgres'
import { type ChosenModel, embedVersion } from '../chosen-model.ts'
import { contentSteps, type StepName, stepNames } from '../job.ts'
import { extractProducer } from '../steps/extract.ts'

/** Items that are to have vectors of a model: all of a user's, or some of them. */
export interface EmbedWish {
  userId: UserId
  model: ChosenModel
  /** The work of a person's that it is part of. */
  enrichmentId: string | null
  /** Null = all. */
  entities: readonly EntityId[] | null
  /** Only those behind it, in the order of their ids; null = from the first. */
  after: string | null
  limit: number
}

export interface MadeJobs {
  jobs: number
  /** The last item that has a job now; null when nothing was lacking. */
  last: EntityId | null
}

/** What only embeds has nothing to analyse. Made anew where no extraction of today's version is there. */
const modelSteps: readonly StepName[] = ['analyse', 'record']
const textSteps: readonly StepName[] = ['download', 'extract', 'publish_text']

/**
 * Inserts jobs in the background that make vectors of a model for what is current and has none. An
 * item that has not begun to embed needs none: it asks for the user's model when it does. Nor does one that holds no text,
 * nor one whose job in the same work is done or was given up.
 */
export async function insertEmbedJobs(client: Client, wish: EmbedWish): Promise<MadeJobs> {
  const rows = await query<{ job_id: string; entity_id: EntityId; titled: boolean; extracted: boolean }>(
    client,
    {
      name: 'enrich.insert_embed_jobs',
      text: `insert into enrich.jobs as o (job_id, user_id, entity_id, content_hash, enricher_version, run, analysis_id,
             source, object_key, file_type, content_size, title, entity_type, based_on_version, event_id, sequence,
             captured_at, time_zone, traceparent, tracestate, kind, background, enrichment_id, embed_model)
           select gen_random_uuid(), j.user_id, j.entity_id, j.content_hash, $3::text, 0, j.analysis_id, j.source,
             j.object_key, j.file_type, j.content_size, j.title, e.type, e.version, j.event_id, j.sequence,
             j.captured_at, j.time_zone, j.traceparent, j.tracestate, 'embed', true, $5::uuid, $4::text
           from enrich.entities e
           cross join lateral (
             select coalesce(e.content_hash, case when $8::boolean then encode(sha256(convert_to(e.title, 'UTF8')), 'hex') end)
           ) as s (hash)
           join lateral (
             select * from enrich.jobs j
             where j.entity_id = e.entity_id and j.content_hash = s.hash and j.kind = 'item' and j.state <> 'purged'
             order by j.sequence desc, j.run desc limit 1
           ) j on true
           where e.user_id = $1::uuid and ($6::uuid[] is null or e.entity_id = any ($6::uuid[])) and not e.deleted
             and ($10::uuid is null or e.entity_id > $10::uuid)
             and not (j.state = 'open' and j.embed_model is null)
             and not exists (select from enrich.published p
               where p.entity_id = e.entity_id and p.content_hash = s.hash and p.producer = $2::text)
             and not exists (select from enrich.extractions x
               where x.entity_id = e.entity_id and x.content_hash = s.hash and x.producer = $7::text
                 and (not x.analysable or x.chunks = '[]'))
             and not exists (select from enrich.jobs h
               where h.entity_id = e.entity_id and h.content_hash = s.hash and h.enricher_version = $3::text
                 and (h.state in ('open', 'purged') or (h.enrichment_id = $5::uuid and h.state in ('done', 'failed'))))
             and not exists (select from enrich.purges p where p.subject_id in (e.entity_id, e.user_id))
           order by e.entity_id limit $9::int
           on conflict (entity_id, content_hash, enricher_version, run) do update set
             state = 'open', outcome = null, finished_at = null, due_at = now(), lease_owner = null, lease_until = null,
             enrichment_id = excluded.enrichment_id, object_key = excluded.object_key, sequence = excluded.sequence
           where o.state not in ('open', 'purged')
           returning job_id, entity_id, source = 'title' as titled, exists (select from enrich.extractions x
             where x.entity_id = o.entity_id and x.content_hash = o.content_hash and x.producer = $7::text) as extracted`,
      values: valuesOf(wish),
    },
  )
  await replaceSteps(client, rows)
  const last =
    rows
      .map(({ entity_id: id }) => id)
      .sort()
      .at(-1) ?? null
  return { jobs: rows.length, last }
}

function valuesOf({ userId, model, enrichmentId, entities, limit, after }: EmbedWish): unknown[] {
  return [
    userId,
    model.producer,
    embedVersion(model.producer),
    model.model,
    enrichmentId,
    entities,
    extractProducer,
    !contentSteps.includes('embed'),
    limit,
    after,
  ]
}

async function replaceSteps(
  client: Client,
  jobs: readonly { job_id: string; titled: boolean; extracted: boolean }[],
): Promise<void> {
  if (jobs.length === 0) return
  const ids = jobs.map(({ job_id: id }) => id)
  await execute(client, {
    name: 'enrich.delete_embed_steps',
    text: 'delete from enrich.steps where job_id = any ($1::uuid[])',
    values: [ids],
  })
  await execute(client, {
    name: 'enrich.insert_embed_steps',
    text: `insert into enrich.steps (job_id, ord, step, state)
           select j.job_id, s.ord, s.step, case when s.step = any ($5::text[]) or (j.titled and s.step = any ($6::text[]))
             or (j.extracted and s.step = any ($7::text[])) then 'skipped' else 'pending' end
           from unnest($1::uuid[], $2::boolean[], $3::boolean[]) as j (job_id, titled, extracted)
           cross join unnest($4::text[]) with ordinality as s (step, ord)`,
    values: [
      ids,
      jobs.map(({ titled }) => titled),
      jobs.map(({ extracted }) => extracted),
      stepNames,
      modelSteps,
      contentSteps,
      textSteps,
    ],
  })
}

/**
 * After a restoration or an undo: what became current again and has no vectors of its user's model, as a switch took
 * those it had, is embedded once more (what was paid for is there still).
 */
export async function embedAgain(client: Client, entities: readonly EntityId[]): Promise<void> {
  const models = await query<{ user_id: UserId; model: string; producer: string }>(client, {
    name: 'enrich.find_models_of_entities',
    text: `select distinct m.user_id, m.model, m.producer from enrich.entities e join enrich.user_models m using (user_id)
           where e.entity_id = any ($1::uuid[])`,
    values: [entities],
  })
  for (const { user_id: userId, ...model } of models) {
    await insertEmbedJobs(client, {
      userId,
      model,
      enrichmentId: null,
      entities,
      after: null,
      limit: entities.length,
    })
  }
}

/**
 * Makes the vectors of a switch those of the items: each item's own job then says by whose vectors it is found, or why by
 * none. The jobs of the switch that were given up are over with that: another try is one of the item's own job.
 */
export async function adoptEmbeddings(
  client: Client,
  { userId, model, enrichmentId }: { userId: UserId; model: ChosenModel; enrichmentId: string },
): Promise<void> {
  const values = [userId, embedVersion(model.producer), model.model, enrichmentId]
  const pairs = `
    select m.job_id as made, m.state as made_state, j.job_id as own
    from enrich.jobs m
    join lateral (
      select j.job_id from enrich.jobs j
      where j.entity_id = m.entity_id and j.content_hash = m.content_hash and j.kind = 'item'
        and j.state in ('done', 'failed')
      order by j.sequence desc, j.run desc limit 1
    ) j on true
    where m.user_id = $1::uuid and m.enrichment_id = $4::uuid and m.enricher_version = $2::text
      and m.state in ('done', 'failed')`
  await execute(client, {
    name: 'enrich.adopt_steps',
    text: `update enrich.steps s set state = t.state, error_code = t.error_code, error_class = t.error_class,
             error_text = t.error_text, attempts = t.attempts, finished_at = t.finished_at, next_retry_at = null
           from (${pairs}) p join enrich.steps t on t.job_id = p.made and t.step in ('embed', 'publish')
           where s.job_id = p.own and s.step = t.step and $3::text is not null`,
    values,
  })
  await execute(client, {
    name: 'enrich.adopt_jobs',
    text: `update enrich.jobs j set embed_model = $3::text,
             state = case when exists (select from enrich.steps s where s.job_id = j.job_id and s.state = 'failed')
               then 'failed' else 'done' end
           from (${pairs}) p where j.job_id = p.own`,
    values,
  })
  // Put off while the model before was asked: nobody need wait for that one any more.
  await execute(client, {
    name: 'enrich.resettle_jobs',
    text: `update enrich.jobs j set embed_model = null
           where j.user_id = $1::uuid and j.kind = 'item' and j.state = 'open' and j.embed_model <> $2::text
             and (j.lease_until is null or j.lease_until <= now())
             and exists (select from enrich.steps s where s.job_id = j.job_id and s.step = 'embed' and s.state <> 'done')`,
    values: [userId, model.model],
  })
  await execute(client, {
    name: 'enrich.end_adopted',
    text: `update enrich.jobs set state = 'superseded', outcome = 'adopted'
           where user_id = $1::uuid and enrichment_id = $4::uuid and enricher_version = $2::text and state = 'failed'
             and $3::text is not null`,
    values,
  })
}
