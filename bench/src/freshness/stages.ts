import type { BenchServers } from '../servers.ts'
import { median } from '../statistics.ts'
import type { Probe } from './job.ts'

/** Where the time of a probe went, in milliseconds: medians. The clocks are those of one machine. */
export interface Stages {
  /** From the request to the row of the outbox. */
  request: number
  /** From there to the answer. */
  answer: number
  /** From the row of the outbox until it is marked as published, which is a commit behind the acknowledgement. */
  relay: number
  /** From the row of the outbox to the row of the read model. */
  project: number
  /** From the row of the read model to the end of the read. */
  read: number
}

/** The stages of the probes, by the times that the tables keep. */
export async function findStages(
  servers: BenchServers,
  database: string,
  probes: readonly Probe[],
): Promise<Stages> {
  const ids = probes.map(({ id }) => `'${id}'`).join(', ')
  const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`
  const rows = await servers.sql(
    database,
    `select e.entity_id, ${ms('min(o.created_at)')}, ${ms('min(o.published_at)')}, ${ms('e.projected_at')}
       from read_v1.entities e join write.outbox o on o.aggregate_id = e.entity_id
       where e.entity_id in (${ids}) group by e.entity_id, e.projected_at;`,
  )
  const byId = new Map(probes.map((probe) => [probe.id, probe]))
  const parts = rows.map((row) => {
    const [id = '', stored, published, projected] = row.split('|')
    const probe = byId.get(id)
    if (probe === undefined) throw new Error('a row of another probe')
    return { probe, stored: Number(stored), published: Number(published), projected: Number(projected) }
  })
  const of = (take: (part: (typeof parts)[number]) => number) => median(parts.map(take))
  return {
    request: of(({ probe, stored }) => stored - probe.dueAt),
    answer: of(({ probe, stored }) => probe.acceptedAt - stored),
    relay: of(({ stored, published }) => published - stored),
    project: of(({ stored, projected }) => projected - stored),
    read: of(({ probe, projected }) => probe.visibleAt - projected),
  }
}
