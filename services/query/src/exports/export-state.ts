import { type UserId, uuidv7 } from '@synap/core'
import { exportKey, isNotFound, type ObjectStore, userPrefix } from '@synap/object-store'
import { z } from 'zod'

const count = z.int().min(0)
const time = z.int()

/** An export as it lies in the object store beside its archive: query has no table of its own. Times: ms since 1970. */
const exportState = z.object({
  shape: z.literal(1),
  id: z.uuid(),
  status: z.enum(['running', 'done', 'failed']),
  idempotencyKey: z.string().nullable(),
  requestedAt: time,
  finishedAt: time.nullable(),
  /** Counted up each time it is begun anew; whoever finds a higher one gives up. */
  attempt: count,
  /** Until then somebody works on it. */
  leaseUntil: time,
  /** The log is waited for up to here before it begins. */
  minSequence: count,
  sequence: count.nullable(),
  progress: z.object({ part: z.string(), events: count, entities: count, files: count, bytes: count }),
  archive: z.object({ size: count, sha256: z.string() }).nullable(),
  gaps: z.object({ missingEvents: count, incomplete: count, files: count }).nullable(),
  /** For the person who asked. */
  error: z.string().nullable(),
})
export type ExportState = z.infer<typeof exportState>

/** Design: exports are kept for 7 days. */
export const keptMs = 7 * 24 * 3_600_000
const mostStateBytes = 65_536

export function newExportState(
  now: number,
  of: Pick<ExportState, 'idempotencyKey' | 'minSequence'>,
): ExportState {
  return {
    shape: 1,
    id: uuidv7(),
    status: 'running',
    requestedAt: now,
    finishedAt: null,
    attempt: 0,
    leaseUntil: 0,
    sequence: null,
    progress: { part: 'waiting', events: 0, entities: 0, files: 0, bytes: 0 },
    archive: null,
    gaps: null,
    error: null,
    ...of,
  }
}

/** The key of an export's state is known from its id alone, whose first 48 bits are its time; another user's is never met. */
export const stateKey = (userId: UserId, id: string) => keyOf(userId, id, `${id}.json`)
export const archiveKey = (userId: UserId, { id, attempt }: Pick<ExportState, 'id' | 'attempt'>) =>
  keyOf(userId, id, `${id}-${attempt}.zip`)

function keyOf(userId: UserId, id: string, fileName: string): string {
  return exportKey({ userId, startedAt: Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), fileName })
}

export async function readState(
  store: Pick<ObjectStore, 'read'>,
  userId: UserId,
  id: string,
): Promise<ExportState | undefined> {
  try {
    const { bytes } = await store.read(stateKey(userId, id), { maxBytes: mostStateBytes })
    return exportState.parse(JSON.parse(bytes.toString()))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

export async function writeState(
  store: Pick<ObjectStore, 'put'>,
  userId: UserId,
  state: ExportState,
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(state))
  await store.put(stateKey(userId, state.id), bytes, { contentType: 'application/json' })
}

/** The user's exports, the oldest first. Those that are over their time are deleted on the way. */
export async function listStates(
  store: Pick<ObjectStore, 'list' | 'read' | 'delete'>,
  userId: UserId,
  now: number,
): Promise<ExportState[]> {
  const states: ExportState[] = []
  const keys: { key: string; modifiedAt: number }[] = []
  for await (const found of store.list(`${userPrefix(userId)}exports/`)) keys.push(found)
  for (const { key, modifiedAt } of keys) {
    if (now - modifiedAt > keptMs) {
      await store.delete(key)
      continue
    }
    const id = /\/([0-9a-f-]{36})\.json$/.exec(key)?.[1]
    const state = id === undefined ? undefined : await readState(store, userId, id)
    if (state !== undefined) states.push(state)
  }
  return states
}
