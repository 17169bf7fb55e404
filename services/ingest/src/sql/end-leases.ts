import { type Client, execute, query } from '@synap/postgres'

/** Ends the lease of every request without a result; answers how many ran. A later attempt goes on with its ids. */
export function endIdempotencyLeases(client: Client): Promise<number> {
  return execute(client, {
    name: 'write.end_idempotency_leases',
    text: `
      update write.idempotency
         set lease_expires_at = clock_timestamp()
       where result is null and lease_expires_at > clock_timestamp()`,
  })
}

/** Lets the next relay begin at once, whoever relays now. */
export async function endRelayLease(client: Client): Promise<void> {
  await query(client, {
    name: 'write.end_relay_lease',
    text: `
      update write.relay_lease
         set expires_at = clock_timestamp()
       where name = 'relay' and expires_at > clock_timestamp()`,
  })
}
