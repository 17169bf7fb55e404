import { startUpkeep, type Upkeep } from '@synap/inbox'
import type { Logger } from '@synap/messaging'
import { type Pool, transaction } from '@synap/postgres'
import type { EventsWriterConfig } from './config.ts'
import type { Storage } from './prepare-storage.ts'
import { findHypertable, type Growth, measureGrowth, setChunkInterval } from './sql/storage.ts'

const role = 'synap_events_writer'
const everyMs = 3_600_000
const hourMs = 3_600_000
/** Growth is believed when it has been watched for a day: an hour says nothing about a night. */
const watchedHours = 24
/** An hour, a quarter of a day, a day, a week, a month, a quarter, a year. */
const lengths = [1, 6, 24, 168, 720, 2_160, 8_760] as const

export type ChunkOptions = Pick<EventsWriterConfig, 'logChunkHours' | 'logChunkMegabytes'>

/** The longest of some lengths, in hours, in which no more than `megabytes` come together; undefined: not known yet. */
export function chunkHoursFor({ bytes, hours }: Growth, megabytes: number): number | undefined {
  if (hours === null || hours < watchedHours) return undefined
  const fits = (length: number) => (bytes / hours) * length <= megabytes * 2 ** 20
  return lengths.findLast(fits) ?? lengths[0]
}

/** Now and every hour: chunks to come get the length that their volume asks for. */
export function startFittingChunks(
  pool: Pool,
  options: ChunkOptions,
  { place }: Storage,
  logger: Logger,
): Upkeep {
  if (place === null) return { stop: async () => undefined }
  return startUpkeep(logger, everyMs, { fitChunks: () => fitChunks(pool, options, place, logger) })
}

/** One turn of it. `place` is the schema of TimescaleDB's functions. */
export async function fitChunks(
  pool: Pool,
  { logChunkHours, logChunkMegabytes }: ChunkOptions,
  place: string,
  logger: Logger,
): Promise<void> {
  if (logChunkHours !== 0) return
  await transaction(pool, { role }, async (client) => {
    const growth = await measureGrowth(client)
    const chunkHours = chunkHoursFor(growth, logChunkMegabytes)
    const table = await findHypertable(client)
    if (chunkHours === undefined || table === undefined || table.chunkMs === chunkHours * hourMs) return
    await setChunkInterval(client, place, chunkHours * hourMs)
    logger.info(
      { chunkHours, bytesPerHour: Math.round(growth.bytes / (growth.hours ?? 1)) },
      'length of chunks',
    )
  })
}
