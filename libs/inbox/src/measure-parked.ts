import { type Pool, transaction } from '@synap/postgres'
import type { Meters } from './meters.ts'
import { countParked } from './sql/parked.ts'

/** Tells the metrics how much of what is parked, since when; a reason that is gone is told once more, as none. */
export function createParkedMeasure(
  { pool, role, schema }: { pool: Pool; role: string; schema: string },
  meters: Pick<Meters, 'parkedNow'>,
) {
  const told = new Set<string>()
  return async () => {
    const rows = await transaction(pool, { role }, (client) => countParked(client, schema))
    const now = new Map(rows.map((row) => [row.reason, row]))
    for (const reason of new Set([...told, ...now.keys()])) {
      const row = now.get(reason)
      meters.parkedNow(
        reason,
        row?.rows ?? 0,
        row === undefined ? 0 : Math.max(0, Date.now() - row.oldest_at),
      )
      told.add(reason)
    }
  }
}
