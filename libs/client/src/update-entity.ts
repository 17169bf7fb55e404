import type { ChangeResponse, EntityView, PatchRequest } from '@synap/contracts'
import { backoffMs, type EntityId, wait } from '@synap/core'
import { ApiError } from './api-error.ts'
import type { ChangeOptions, ChangesClient } from './change-types.ts'
import type { QueryClient } from './types.ts'

/** How often others may be faster, and how often a read may be behind what a refusal told. */
const attempts = 5
const reads = 20
const never = new AbortController().signal

/**
 * Changes an item based on what is there: reads it, asks `change` what to write (null: nothing), and writes it only if it
 * still is what was read (`If-Match`); else it begins again with what is there by then. Rejects with status 412 when
 * others were faster five times in a row, or the read side stays behind.
 */
export async function updateEntity(
  client: Pick<QueryClient, 'getEntity'> & Pick<ChangesClient, 'patchEntity'>,
  id: EntityId,
  change: (entity: EntityView) => PatchRequest | null,
  options: Omit<ChangeOptions, 'ifMatch' | 'idempotencyKey'> = {},
): Promise<ChangeResponse | null> {
  let refusal: ApiError | undefined
  for (let attempt = 1, read = 1; ; read += 1) {
    const { value } = await client.getEntity(id, options)
    // What was refused once would only be refused again.
    if (refusal !== undefined && value.version < (refusal.problem?.currentVersion ?? 0)) {
      if (read >= reads) throw refusal
      await wait(backoffMs(read, { baseMs: 20, capMs: 500 }), options.signal ?? never)
      continue
    }
    const request = change(value)
    if (request === null) return null
    try {
      return await client.patchEntity(id, request, { ...options, ifMatch: value.version })
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412 || attempt === attempts) throw error
      refusal = error
      attempt += 1
    }
  }
}
