import { z } from 'zod'
import { linkKinds } from '../derived/links.ts'
import { cleanText, limits } from '../text.ts'
import { entityTypes } from '../vocabularies.ts'
import { readOptions } from './entity.ts'
import { entityIdSchema, queryInt } from './shared.ts'

/** `GET /v1/entities/{id}/links` */
export const linksQuery = z.strictObject({
  ...readOptions,
  /** `out`, by default: what its text leads to; `in`: whose text leads to it. */
  direction: z.enum(['out', 'in']).optional(),
  limit: queryInt(1, 200).optional(),
  cursor: cleanText(limits.cursor, 1).optional(),
})
export type LinksQuery = z.infer<typeof linksQuery>

export const linkedItem = z
  .strictObject({
    id: entityIdSchema,
    type: z.enum(entityTypes),
    title: z.string().nullable(),
    preview: z.string().nullable(),
  })
  .meta({ id: 'LinkedItem' })
export type LinkedItem = z.infer<typeof linkedItem>

const resolutions = ['resolved', 'ambiguous', 'unresolved'] as const

export const linkSchema = z
  .strictObject({
    origin: z
      .literal('derived')
      .meta({ description: 'Found in a text: no relation, and nobody made it one.' }),
    kind: z.enum(linkKinds).meta({ description: '`[[Page]]`, `![[Page]]`, or `[text](page.md)`.' }),
    target: z.string().meta({ description: 'As the text writes it.' }),
    heading: z.string().nullable().meta({ description: 'The place in the item that is meant.' }),
    resolution: z.enum(resolutions).meta({
      description: '`ambiguous`: several items are called so. `unresolved`: none is, so far.',
    }),
    items: z.array(linkedItem).meta({
      description:
        'Of a link out what it leads to, all candidates (the ten newest) where it is ambiguous; of a link in whose text it stands in.',
    }),
  })
  .meta({ id: 'Link' })
export type LinkView = z.infer<typeof linkSchema>

export const linkList = z
  .strictObject({ items: z.array(linkSchema), next: z.string().nullable() })
  .meta({ id: 'LinkList' })
export type LinkList = z.infer<typeof linkList>
