import { type Client, execute, query } from '@synap/postgres'

export interface SweepTurn {
  epoch: number
  /** The last key that was looked at in a round that is not over; null: begin at the first. */
  after_key: string | null
  /** The last round ended long enough ago. */
  due: boolean
}

/** Takes the turn to sweep when nobody has it; `undefined` while another does. A round is due `everyMs` after the last. */
export async function takeSweep(
  client: Client,
  { ttlMs, everyMs }: { ttlMs: number; everyMs: number },
): Promise<SweepTurn | undefined> {
  const [row] = await query<SweepTurn>(client, {
    name: 'write.take_sweep',
    text: `
      insert into write.sweeps as s (epoch, expires_at)
      values (1, clock_timestamp() + make_interval(secs => $1::float8))
      on conflict (only_row) do update
      set epoch = s.epoch + 1, expires_at = excluded.expires_at
      where s.expires_at <= clock_timestamp()
      returning s.epoch, s.after_key,
        coalesce(s.ended_at <= clock_timestamp() - make_interval(secs => $2::float8), true) as due`,
    values: [ttlMs / 1000, everyMs / 1000],
  })
  return row
}

/** How far the round is (null: it is over), and the turn goes on; false when another has taken over. */
export async function noteSweep(
  client: Client,
  epoch: number,
  { afterKey, ttlMs }: { afterKey: string | null; ttlMs: number },
): Promise<boolean> {
  const noted = await execute(client, {
    name: 'write.note_sweep',
    text: `
      update write.sweeps
         set after_key = $2::text, expires_at = clock_timestamp() + make_interval(secs => $3::float8),
             ended_at = case when $2::text is null then clock_timestamp() else ended_at end
       where epoch = $1::bigint`,
    values: [epoch, afterKey, ttlMs / 1000],
  })
  return noted === 1
}

/** Lets the next one begin at once. */
export async function endSweep(client: Client, epoch: number): Promise<void> {
  await execute(client, {
    name: 'write.end_sweep',
    text: 'update write.sweeps set expires_at = clock_timestamp() where epoch = $1::bigint',
    values: [epoch],
  })
}

/** Those of these keys that nothing holds, as it looks without a lock. */
export async function selectOrphans(client: Client, keys: readonly string[]): Promise<string[]> {
  const rows = await query<{ key: string }>(client, {
    name: 'write.orphans_among',
    text: 'select o as key from write.orphans_among($1::text[]) o',
    values: [keys],
  })
  return rows.map(({ key }) => key)
}

/** Gives up those that nothing holds, under lock; answers them. From then on no put gets such a key. */
export async function dropOrphans(client: Client, epoch: number, keys: readonly string[]): Promise<string[]> {
  const rows = await query<{ key: string }>(client, {
    name: 'write.drop_orphans',
    text: 'select o as key from write.drop_orphans($1::bigint, $2::text[]) o',
    values: [epoch, keys],
  })
  return rows.map(({ key }) => key)
}

/** Keys that were given up and whose objects have to be deleted still, oldest first. */
export async function selectDropped(client: Client, limit: number): Promise<string[]> {
  const rows = await query<{ object_key: string }>(client, {
    name: 'write.select_dropped',
    text: `
      select object_key from write.dropped_objects
       where deleted_at is null
       order by dropped_at
       limit $1::int`,
    values: [limit],
  })
  return rows.map((row) => row.object_key)
}

export async function noteDeleted(client: Client, keys: readonly string[]): Promise<void> {
  await execute(client, {
    name: 'write.note_deleted',
    text: `
      update write.dropped_objects set deleted_at = clock_timestamp()
       where object_key = any ($1::text[])`,
    values: [keys],
  })
}

/** Forgets what is over: keys deleted `keepMs` ago, leases that ended an hour ago, uploads that expired `keepMs` ago. */
export async function deleteEnded(
  client: Client,
  keepMs: { dropped: number; uploads: number },
): Promise<void> {
  await execute(client, {
    text: `
      delete from write.dropped_objects
       where deleted_at < clock_timestamp() - make_interval(secs => $1::float8)`,
    values: [keepMs.dropped / 1000],
  })
  await execute(client, {
    text: `delete from write.object_leases where expires_at < clock_timestamp() - interval '1 hour'`,
  })
  await execute(client, {
    text: `
      delete from write.uploads
       where expires_at < clock_timestamp() - make_interval(secs => $1::float8)`,
    values: [keepMs.uploads / 1000],
  })
}
