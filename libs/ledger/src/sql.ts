import type { UserId } from '@synap/core'

/** One per owner; each runs under that owner's role. */
export interface Statement {
  text: string
  values: unknown[]
}

export interface WriteCounts {
  items: number
  with_content: number
  events: number
  outbox: number
  unpublished: number
}

export const findUserOfKey = (keyHash: string) => ({
  text: `select user_id from write.api_keys where key_hash = decode($1, 'hex') and revoked_at is null`,
  values: [keyHash],
})

export const countWrite = (userId: UserId) => ({
  text: `
    select
      (select count(*)::int from write.streams s
        where s.user_id = $1::uuid and s.aggregate_type = 'entity') as items,
      (select count(*)::int from write.streams s
        where s.user_id = $1::uuid and s.aggregate_type = 'entity' and s.state -> 'content' <> 'null') as with_content,
      coalesce((select u.sequence::int from write.users u where u.user_id = $1::uuid), 0) as events,
      (select count(distinct o.sequence)::int from write.outbox o where o.user_id = $1::uuid) as outbox,
      (select count(*)::int from write.outbox o
        where o.user_id = $1::uuid and o.published_at is null) as unpublished`,
  values: [userId],
})

export const listObjects = (userId: UserId) => ({
  text: 'select object_key from write.objects where user_id = $1::uuid',
  values: [userId],
})

export const countLog = (userId: UserId) => ({
  text: `
    select
      (select count(*)::int from log.events e where e.user_id = $1::uuid) as events,
      (select count(*)::int from log.parked p
        where p.user_id = $1::uuid and p.state in ('open', 'retry')) as parked`,
  values: [userId],
})

export const countReadModel = (userId: UserId) => ({
  text: `
    select
      (select count(*)::int from {read}.entities e where e.user_id = $1::uuid) as items,
      coalesce((select p.seen::int from {read}.user_positions p where p.user_id = $1::uuid), 0) as seen,
      (select count(*)::int from {read}.parked p
        where p.user_id = $1::uuid and p.state in ('open', 'retry')) as parked,
      (select count(distinct t.entity_id)::int from {read}.entity_texts t
        join {read}.entities e on e.entity_id = t.entity_id and e.content_sha256 = t.content_sha256
        where t.user_id = $1::uuid) as texts,
      (select count(distinct v.entity_id)::int from {read}.entity_vectors v
        join {read}.entities e
          on e.entity_id = v.entity_id and (e.content_sha256 is null or e.content_sha256 = v.content_sha256)
        where v.user_id = $1::uuid) as vectors`,
  values: [userId],
})

/** By entity: the newest job of each counts. */
export const countJobs = (userId: UserId) => ({
  text: `
    with newest as (
      select distinct on (j.entity_id) j.job_id, j.state, j.content_hash
      from enrich.jobs j where j.user_id = $1::uuid
      order by j.entity_id, j.sequence desc, j.run desc
    )
    select
      count(*) filter (where n.state = 'done')::int as done,
      count(*) filter (where n.state = 'failed')::int as failed,
      count(*) filter (where n.state = 'open')::int as open,
      count(*) filter (where n.state = 'done' and not exists (
        select from enrich.embeddings e where e.user_id = $1::uuid and e.content_hash = n.content_hash
      ))::int as "withoutVectors"
    from newest n`,
  values: [userId],
})
