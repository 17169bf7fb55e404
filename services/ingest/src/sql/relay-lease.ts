import { type Client, query } from '@synap/postgres'

/**
 * Takes the lease when it is free or has run out, and raises the epoch. Undefined while another holds it.
 * `ttlMs` counts on the database's clock from now.
 */
export async function takeRelayLease(
  client: Client,
  holder: string,
  ttlMs: number,
): Promise<number | undefined> {
  const [row] = await query<{ epoch: number }>(client, {
    name: 'write.take_relay_lease',
    text: `
      insert into write.relay_lease as l (name, holder, epoch, expires_at)
      values ('relay', $1::uuid, 1, clock_timestamp() + make_interval(secs => $2::float8))
      on conflict (name) do update
      set holder = excluded.holder, epoch = l.epoch + 1, expires_at = excluded.expires_at
      where l.expires_at <= clock_timestamp()
      returning l.epoch`,
    values: [holder, ttlMs / 1000],
  })
  return row?.epoch
}

/** False when another has taken over since. */
export async function renewRelayLease(client: Client, epoch: number, ttlMs: number): Promise<boolean> {
  const rows = await query(client, {
    name: 'write.renew_relay_lease',
    text: `
      update write.relay_lease
         set expires_at = clock_timestamp() + make_interval(secs => $2::float8)
       where name = 'relay' and epoch = $1::bigint
      returning epoch`,
    values: [epoch, ttlMs / 1000],
  })
  return rows.length === 1
}

/** Lets the next relay begin at once. */
export async function releaseRelayLease(client: Client, epoch: number): Promise<void> {
  await query(client, {
    name: 'write.release_relay_lease',
    text: `
      update write.relay_lease
         set expires_at = clock_timestamp()
       where name = 'relay' and epoch = $1::bigint`,
    values: [epoch],
  })
}
