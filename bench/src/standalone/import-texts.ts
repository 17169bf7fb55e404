import { setTimeout as sleep } from 'node:timers/promises'
import type { SynapClient } from '@synap/client'
import { uuidv7 } from '@synap/core'

/** As many captures under way as `./synap import` has. */
const concurrency = 8

export interface Imported {
  /** Ids in the order of their answers. */
  ids: string[]
  seconds: number
}

/** Captures the texts as notes, eight at a time. Rejects at the first that is refused. */
export async function importTexts(
  client: SynapClient,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Imported> {
  const startedAt = performance.now()
  const ids: string[] = []
  const queue = texts.values()
  const worker = async () => {
    for (const content of queue) {
      const idempotencyKey = uuidv7()
      ids.push((await client.capture({ type: 'note', content }, { signal, idempotencyKey })).id)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { ids, seconds: (performance.now() - startedAt) / 1_000 }
}

/** Longest time without any item becoming complete. */
const stillMs = 180_000

/**
 * Waits until each item is logged, enriched and searchable; it looks four times a second at one that is not. Rejects
 * when a stage of one failed, or nothing moves for three minutes.
 */
export async function waitUntilComplete(
  client: SynapClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  let movedAt = performance.now()
  for (const id of ids) {
    for (;;) {
      const { complete, stages } = await client.status(id as Parameters<typeof client.status>[0], { signal })
      if (complete) break
      const wrong = stages.find(({ state }) => state === 'failed' || state === 'parked')
      if (wrong !== undefined)
        throw new Error(`${id} is ${wrong.state} at ${wrong.stage}: ${wrong.error ?? ''}`)
      if (performance.now() - movedAt > stillMs)
        throw new Error(`${id} stands still: ${JSON.stringify(stages)}`)
      await sleep(250, undefined, { signal })
    }
    movedAt = performance.now()
  }
}

/** The ids of all items of the account, page by page. */
export async function listIds(client: SynapClient, signal: AbortSignal): Promise<Set<string>> {
  const ids = new Set<string>()
  let cursor: string | undefined
  do {
    const { items, next } = (
      await client.list({ limit: 200, signal, ...(cursor === undefined ? {} : { cursor }) })
    ).value
    for (const { id } of items) ids.add(id)
    cursor = next ?? undefined
  } while (cursor !== undefined)
  return ids
}
