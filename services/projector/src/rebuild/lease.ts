import { randomUUID } from 'node:crypto'
import { describeError, SynapError } from '@synap/core'
import type { Logger } from '@synap/messaging'
import { type Client, execute, type Pool, transaction } from '@synap/postgres'
import { projectorRole } from '../config.ts'

/** The right of one process to work on a rebuild. Whoever finds it run out may take it over. */
export interface Lease {
  holder: string
  /** Takes it, for a rebuild that the caller has locked; false while another's is alive. */
  take: (client: Client, n: number) => Promise<boolean>
  /** Rejects when another has taken it over. Until the transaction ends, nobody can. */
  hold: (client: Client, n: number) => Promise<void>
  /** Keeps it alive until the answered function is called, which gives it back. */
  keep: (n: number) => () => Promise<void>
}

/** Milliseconds that a process which died keeps the next one waiting. */
export const leaseMs = 6_000

export function createLease(pool: Pool, logger: Logger): Lease {
  const holder = randomUUID()
  const until = (ms: number) => `now() + ${ms} * interval '1 millisecond'`
  const extend = (n: number, ms: number) =>
    transaction(pool, { role: projectorRole }, (client) =>
      execute(client, {
        text: `update read_meta.rebuilds set lease_until = ${until(ms)} where n = $1::int and holder = $2::uuid`,
        values: [n, holder],
      }),
    )
  return {
    holder,
    async take(client, n) {
      const taken = await execute(client, {
        text: `
          update read_meta.rebuilds set holder = $2::uuid, lease_until = ${until(leaseMs)}
          where n = $1::int and (holder = $2::uuid or lease_until < now())`,
        values: [n, holder],
      })
      return taken === 1
    },
    hold: (client, n) => holdLease(client, n, holder),
    keep(n) {
      const timer = setInterval(() => {
        extend(n, leaseMs).catch((error: unknown) =>
          logger.warn({ error: describeError(error) }, 'the lease of the rebuild could not be kept alive'),
        )
      }, leaseMs / 4)
      return async () => {
        clearInterval(timer)
        await extend(n, 0).catch(() => undefined)
      }
    },
  }
}

/** Rejects when another than `holder` has the rebuild. Until the transaction ends, nobody can take it. */
export async function holdLease(client: Client, n: number, holder: string): Promise<void> {
  const held = await execute(client, {
    text: 'select from read_meta.rebuilds where n = $1::int and holder = $2::uuid for key share',
    values: [n, holder],
  })
  if (held === 1) return
  throw new SynapError('another process works on this rebuild', {
    code: 'rebuild.taken_over',
    class: 'dependency',
    fields: { readModel: n },
  })
}
