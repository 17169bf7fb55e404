import { type Client, execute } from '@synap/postgres'

/** Positions of partitions of one topic and of users, and where they are moved; both in their order. */
export interface Moves {
  topic: string
  partitions: readonly { partition: number; first: bigint; next: bigint; eventId: string | null }[]
  users: readonly { userId: string; before: number; seen: number }[]
}

/** A value that makes the statement fail with SQLSTATE 22P02 where the condition does not hold. */
const presumed = (condition: string) =>
  `(case when ${condition} then '1' else 'it is not as it was presumed' end)::int as presumed`

/** Locks the positions, those of partitions first, and fails unless these are where the moves begin. */
export async function lockAsPresumed(client: Client, schema: string, moves: Moves): Promise<void> {
  await execute(client, {
    name: `${schema}.lock_as_presumed`,
    text: `
      with held as materialized (
        select p.partition, p.next_offset from ${schema}.positions as p
        where p.topic = $1::text and p.partition = any ($2::int[]) order by p.partition for update
      ), users as materialized (
        select u.user_id, u.seen from ${schema}.user_positions as u
        where u.user_id = any ($4::uuid[]) order by u.user_id for update
      )
      select ${presumed(`
        (select count(*) from held join unnest($2::int[], $3::bigint[]) as n (partition, first)
          on n.partition = held.partition and held.next_offset <= n.first) = cardinality($2::int[])
        and (select count(*) from users join unnest($4::uuid[], $5::bigint[]) as n (user_id, before)
          on n.user_id = users.user_id and users.seen = n.before) = cardinality($4::uuid[])`)}`,
    values: [
      moves.topic,
      moves.partitions.map(({ partition }) => partition),
      moves.partitions.map(({ first }) => first.toString()),
      moves.users.map(({ userId }) => userId),
      moves.users.map(({ before }) => before),
    ],
  })
}

/** Fails when one of these users, who are held, has an open slot. */
export async function refuseOpenSlots(client: Client, schema: string, moves: Moves): Promise<void> {
  await execute(client, {
    name: `${schema}.refuse_open_slots`,
    text: `select ${presumed(`not exists (select from ${schema}.parked
      where user_id = any ($1::uuid[]) and slot and state in ('open', 'retry'))`)}`,
    values: [moves.users.map(({ userId }) => userId)],
  })
}

/** Moves what is held, and sends one notification at the commit; ends the attempts that were counted. */
export async function movePositions(
  client: Client,
  schema: string,
  moves: Moves,
  notification: { channel: string; payload: string } | undefined,
): Promise<void> {
  await execute(client, {
    name: `${schema}.move_positions`,
    text: `
      with held as (
        update ${schema}.positions as p
        set next_offset = n.next_offset, event_id = n.event_id, attempts = 0, attempt_offset = null, updated_at = now()
        from unnest($2::int[], $3::bigint[], $4::uuid[]) as n (partition, next_offset, event_id)
        where p.topic = $1::text and p.partition = n.partition
      ), users as (
        update ${schema}.user_positions as u set seen = n.seen, updated_at = now()
        from unnest($5::uuid[], $6::bigint[]) as n (user_id, seen) where u.user_id = n.user_id
      )
      select pg_notify($7::text, $8::text) where $7::text is not null`,
    values: [
      moves.topic,
      moves.partitions.map(({ partition }) => partition),
      moves.partitions.map(({ next }) => next.toString()),
      moves.partitions.map(({ eventId }) => eventId),
      moves.users.map(({ userId }) => userId),
      moves.users.map(({ seen }) => seen),
      notification?.channel ?? null,
      notification?.payload ?? null,
    ],
  })
}
