import { z } from 'zod'
import { readOptions } from './entity.ts'
import { linkedItem } from './links.ts'
import { confidence, queryInt } from './shared.ts'

/** `GET /v1/entities/{id}/related` */
export const relatedQuery = z.strictObject({ ...readOptions, limit: queryInt(1, 50).optional() })
export type RelatedQuery = z.infer<typeof relatedQuery>

export const relatedResponse = z
  .strictObject({
    origin: z.literal('ai').meta({ description: 'Found by a model: no relation, and nobody made it one.' }),
    model: z.string().nullable().meta({
      description: 'The model whose vectors were compared; null when the item has none (yet).',
    }),
    items: z
      .array(z.strictObject({ ...linkedItem.shape, likeness: confidence }))
      .meta({ description: 'The likest first; 1 is the same text.' }),
  })
  .meta({ id: 'Related' })
export type Related = z.infer<typeof relatedResponse>
