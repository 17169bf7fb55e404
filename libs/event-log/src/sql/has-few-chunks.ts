import { type Client, query } from '@synap/postgres'

/** Chunks come and go by the hour at most, and either way of asking gives the same answer. */
const rememberedMs = 60_000

const known = new WeakMap<Client, { few: boolean; until: number }>()

/**
 * Whether the log has so few chunks that a kept plan, which looks into every one, answers sooner than a plan made for those
 * that hold the answer. Remembered for each connection for a minute.
 */
export async function hasFewChunks(client: Client): Promise<boolean> {
  const now = performance.now()
  const last = known.get(client)
  if (last !== undefined && now < last.until) return last.few
  const [row] = await query<{ few: boolean }>(client, {
    name: 'log.has_few_chunks',
    text: 'select log.has_few_chunks() as few',
  })
  const few = row?.few === true
  known.set(client, { few, until: now + rememberedMs })
  return few
}
