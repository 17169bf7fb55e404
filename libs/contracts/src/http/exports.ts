import { z } from 'zod'
import { sequenceNumber, sha256Text, timeText } from './shared.ts'

const count = z.int().min(0)

/** `POST /v1/exports`: nothing can be chosen, an export is everything. */
export const exportRequest = z.strictObject({}).meta({ id: 'ExportRequest' })

export const exportParams = z.strictObject({ id: z.uuid() })

export const exportView = z
  .strictObject({
    id: z.uuid(),
    status: z.enum(['running', 'done', 'failed']),
    requestedAt: timeText,
    finishedAt: timeText.nullable(),
    sequence: sequenceNumber
      .nullable()
      .meta({ description: 'It is true for the events up to here; null before it begins.' }),
    attempt: count.meta({ description: 'Above 1: it broke off and was begun anew.' }),
    progress: z.strictObject({
      part: z
        .string()
        .meta({ description: 'What is being written: `waiting`, a name in the archive, `content`.' }),
      events: count,
      entities: count,
      files: count,
      bytes: count.meta({ description: 'Of the archive so far.' }),
    }),
    archive: z
      .strictObject({
        size: count,
        sha256: sha256Text,
        fileName: z.string(),
        url: z.string().nullable().meta({ description: 'Needs no key; null where the store has no links.' }),
        urlExpiresAt: timeText.nullable().meta({ description: 'Ask again for another one.' }),
        keptUntil: timeText,
      })
      .nullable(),
    gaps: z
      .strictObject({ missingEvents: count, incomplete: count, files: count })
      .nullable()
      .meta({ description: 'What could not be exported; the manifest names each.' }),
    error: z.string().nullable(),
  })
  .meta({ id: 'Export', description: 'Everything of the user in one archive.' })
export type ExportView = z.infer<typeof exportView>
