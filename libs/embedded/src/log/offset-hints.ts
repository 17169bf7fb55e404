import { describeError, wait } from '@synap/core'
import type { Logger } from '@synap/messaging'
import type { Pool } from '@synap/postgres'
import { type GroupOffset, upsertGroupOffsets } from './sql/group-offsets.ts'

/** Tells the log how far a group is, for lag displays only: at most once in a while, and never in anybody's way. */
export interface OffsetHints {
  note(offset: GroupOffset): void
  /** Writes what is left. Never rejects. */
  flush(): Promise<void>
}

export function createOffsetHints(
  { pool, logger, everyMs }: { pool: Pool; logger: Logger; everyMs: number },
  groupId: string,
): OffsetHints {
  const pending = new Map<string, GroupOffset>()
  const stopped = new AbortController()
  let writing: Promise<void> | undefined

  const write = async () => {
    const offsets = [...pending.values()]
    pending.clear()
    if (offsets.length === 0) return
    await upsertGroupOffsets(pool, groupId, offsets).catch((error: unknown) =>
      logger.debug({ groupId, error: describeError(error) }, 'committing the offset hint failed'),
    )
  }
  const writeSoon = async () => {
    await wait(everyMs, stopped.signal).catch(() => undefined)
    await write()
    writing = undefined
  }
  return {
    note(offset) {
      pending.set(`${offset.topic}/${offset.partition}`, offset)
      writing ??= writeSoon()
    },
    async flush() {
      stopped.abort()
      await writing
      await write()
    },
  }
}
