import type { EventId, RelationId, TagId } from '@synap/core'
import { z } from 'zod'
import { idSchema } from '../event/field.ts'
import { kindInputFields } from '../kind-tables.ts'
import { cleanText, limits, timeZoneName } from '../text.ts'
import { entityTypes, relationTypes, suggestionFields } from '../vocabularies.ts'
import {
  entityIdSchema,
  mergePatch,
  sequenceNumber,
  tagNameText,
  titleText,
  userIdSchema,
  writeResult,
} from './shared.ts'

/** `PATCH /v1/entities/{id}`: what is left out stays as it is. */
export const patchRequest = z
  .strictObject({
    title: titleText.nullable().optional().meta({ description: 'Null takes it away.' }),
    type: z.enum(entityTypes).optional(),
    ...kindInputFields,
    metadata: mergePatch.optional(),
  })
  .meta({ id: 'PatchRequest' })
export type PatchRequest = z.infer<typeof patchRequest>

const tagIdSchema = idSchema<TagId>()
const relationIdSchema = idSchema<RelationId>()

export const entityTagParams = z.strictObject({ id: entityIdSchema, name: tagNameText })
export const tagParams = z.strictObject({ id: tagIdSchema })
export const relationParams = z.strictObject({ id: relationIdSchema })
export const suggestionParams = z.strictObject({ id: entityIdSchema, field: z.enum(suggestionFields) })

/** `PATCH /v1/tags/{id}`: another name, another colour, or both, on every item that has the tag. */
export const tagPatchRequest = z
  .strictObject({
    name: tagNameText.optional(),
    color: z
      .string()
      .regex(/^#[0-9a-f]{6}$/, 'must be #rrggbb in lower case')
      .nullable()
      .optional()
      .meta({ description: '`#rrggbb`; null for none.' }),
  })
  .meta({ id: 'TagPatchRequest' })
export type TagPatchRequest = z.infer<typeof tagPatchRequest>

/** `POST /v1/tags/{id}:merge`: the tag of the path becomes `into`, on every item. Nothing takes it back. */
export const tagMergeRequest = z.strictObject({ into: tagIdSchema }).meta({ id: 'TagMergeRequest' })
export type TagMergeRequest = z.infer<typeof tagMergeRequest>

/** `POST /v1/relations` */
export const relationRequest = z
  .strictObject({ type: z.enum(relationTypes), source: entityIdSchema, target: entityIdSchema })
  .meta({ id: 'RelationRequest' })
export type RelationRequest = z.infer<typeof relationRequest>

/** `POST …:undo`: takes this event back. */
export const undoRequest = z.strictObject({ event: idSchema<EventId>() }).meta({ id: 'UndoRequest' })
export type UndoRequest = z.infer<typeof undoRequest>

/** `POST /v1/entities/{id}:enrich` */
export const enrichRequest = z
  .strictObject({
    enricherVersion: cleanText(limits.label, 1)
      .optional()
      .meta({ description: 'Of an enricher of your own; the one of Synap when it is left out.' }),
  })
  .meta({ id: 'EnrichRequest' })
export type EnrichRequest = z.infer<typeof enrichRequest>

/**
 * The version of Synap's own enricher. Changes with everything that may change what an enrichment says; a new one makes
 * new jobs. Extraction, chunks and models have versions of their own.
 */
export const enricherVersion = '1'

/** `POST …/suggestions/{field}:accept` and `:reject`. */
export const suggestionRequest = z
  .strictObject({
    value: cleanText(limits.summary, 1)
      .optional()
      .meta({ description: 'Which, where several are open for the field, such as tags.' }),
  })
  .meta({ id: 'SuggestionRequest' })
export type SuggestionRequest = z.infer<typeof suggestionRequest>

/** `PATCH /v1/me` */
export const settingsRequest = z
  .strictObject({
    timeZone: timeZoneName.nullable().optional().meta({ description: 'IANA name; null for none.' }),
    language: cleanText(limits.language, 1)
      .refine(isLanguage, 'must be a language tag (BCP 47), such as de-AT')
      .nullable()
      .optional()
      .meta({ description: 'BCP 47 tag; null for none.' }),
  })
  .meta({ id: 'SettingsRequest' })
export type SettingsRequest = z.infer<typeof settingsRequest>

/** What a change of a relation answers with. */
export const relationResponse = z
  .strictObject({ ...writeResult, id: relationIdSchema })
  .meta({ id: 'RelationResponse' })
export type RelationResponse = z.infer<typeof relationResponse>

/** What a change of the user's tags or settings answers with; `id` is the user. 0 for one that nothing was ever set of. */
export const userResponse = z
  .strictObject({ ...writeResult, id: userIdSchema, version: sequenceNumber })
  .meta({ id: 'UserResponse' })
export type UserResponse = z.infer<typeof userResponse>

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
