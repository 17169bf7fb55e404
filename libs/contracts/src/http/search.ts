import { z } from 'zod'
import { cleanText } from '../text.ts'
import { entitySchema, filterOptions, readOptions } from './entity.ts'
import { queryInt } from './shared.ts'

export const searchModes = ['hybrid', 'semantic', 'text'] as const
export type SearchMode = (typeof searchModes)[number]

export const searchQuery = z.strictObject({
  ...readOptions,
  q: cleanText(1_000, 1).refine((text) => text.trim() !== '', 'must hold more than white space'),
  mode: z.enum(searchModes).optional(),
  ...filterOptions,
  passages: z.literal('true').optional().meta({ description: 'With the text of the passage of each hit.' }),
  limit: queryInt(1, 100).optional(),
})
export type SearchQuery = z.infer<typeof searchQuery>

export const searchHit = z
  .strictObject({
    entity: entitySchema,
    score: z.number().meta({ description: 'For ordering within one answer only.' }),
    matched: z.array(z.enum(['text', 'semantic'])),
    highlights: z.array(
      z.strictObject({
        text: z.string(),
        marks: z
          .array(z.tuple([z.int().min(0), z.int().min(0)]))
          .meta({ description: 'Start and end of each hit in `text`, in UTF-16 code units.' }),
      }),
    ),
    passage: z
      .strictObject({
        chunk: z.int().min(0).meta({ description: 'Its number in the text, from 0.' }),
        start: z
          .int()
          .min(0)
          .meta({ description: 'First character in the extracted text, in UTF-16 code units.' }),
        end: z.int().min(0).meta({ description: 'Behind its last character.' }),
        text: z.string().optional().meta({
          description:
            'With `passages=true`: up to 16 KiB of it. Left out while the object store cannot give it.',
        }),
      })
      .nullable()
      .meta({
        description:
          'The chunk of the text that is nearest in meaning. Null: found by words alone, or by its title.',
      }),
  })
  .meta({ id: 'SearchHit' })
export type SearchHit = z.infer<typeof searchHit>

export const searchResponse = z
  .strictObject({
    items: z.array(searchHit),
    mode: z.enum(searchModes).meta({ description: 'What was done, which may be less than asked.' }),
    note: z.string().nullable().meta({ description: 'Why it is less than asked.' }),
    corrections: z.array(z.string()).meta({
      description: 'Words of titles and tags that were looked for in place of words that nothing has.',
    }),
    model: z.string().nullable().meta({ description: 'The model whose vectors were compared.' }),
  })
  .meta({ id: 'SearchResponse' })
export type SearchResponse = z.infer<typeof searchResponse>
