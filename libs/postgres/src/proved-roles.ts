import type { Pool } from './pool.ts'

const proved = new WeakMap<Pool, Set<string>>()

/** Whether a transaction on this pool has found the role to be no superuser. */
export function isProved(pool: Pool, role: string): boolean {
  return proved.get(pool)?.has(role) === true
}

export function noteProved(pool: Pool, role: string): void {
  const roles = proved.get(pool)
  if (roles === undefined) proved.set(pool, new Set([role]))
  else roles.add(role)
}
