import { SynapError, wait } from '@synap/core'
import { type Client, type Pool, query, transaction } from '@synap/postgres'
import { projectorRole } from '../config.ts'
import { countBehind } from './switch.ts'

export interface CatchUp {
  pool: Pool
  old: string
  made: string
  signal: AbortSignal
  /** Records of both topics that the new read model is behind by. */
  onLag: (records: number) => void
}

const lookEveryMs = 300
/** Nothing has moved for this long: nobody follows the new read model. */
const patienceMs = 5 * 60_000

/**
 * Resolves once the new read model is about level with the old one: on both topics, and for every user. Rejects with
 * `rebuild.not_followed` (dependency) when it does not come nearer.
 */
export async function catchUp({ pool, old, made, signal, onLag }: CatchUp): Promise<void> {
  let best = ''
  let deadline = performance.now() + patienceMs
  for (;;) {
    const { records, users, at } = await transaction(
      pool,
      { role: projectorRole },
      async (client) => ({
        ...(await findLag(client, old, made)),
        users: await countBehind(client, old, made),
      }),
      { isolation: 'repeatable read', readOnly: true, signal },
    )
    if (records === 0 && users === 0) return
    onLag(records)
    const now = `${at}/${users}`
    if (now !== best) deadline = performance.now() + patienceMs
    best = now
    if (performance.now() > deadline) {
      throw new SynapError(
        'the new read model does not come nearer: is the projector running, and does it halt?',
        {
          code: 'rebuild.not_followed',
          class: 'dependency',
          fields: { records, users },
        },
      )
    }
    await wait(lookEveryMs, signal)
  }
}

/** Records that one read model is behind another by; `at` grows as it comes nearer. */
export async function findLag(
  client: Client,
  old: string,
  made: string,
): Promise<{ records: number; at: number }> {
  const [row] = await query<{ records: number; at: number }>(client, {
    text: `
      select coalesce(sum(greatest(0, o.next_offset - coalesce(n.next_offset, 0))), 0)::bigint as records,
        coalesce(sum(n.next_offset), 0)::bigint as at
      from ${old}.positions as o left join ${made}.positions as n using (topic, partition)`,
  })
  return row ?? { records: 0, at: 0 }
}
