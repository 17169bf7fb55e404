import type { EntityId, UserId } from '@synap/core'
import { z } from 'zod'
import { idSchema } from '../event/field.ts'
import type { Json, JsonObject } from '../json.ts'
import { cleanText, isCleanText, limits } from '../text.ts'

export const userIdSchema = idSchema<UserId>()
export const entityIdSchema = idSchema<EntityId>()
export const entityParams = z.strictObject({ id: entityIdSchema })

export const sha256Text = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal characters')
/** An instant in answers: UTC, milliseconds. */
export const timeText = z.iso.datetime()
export const confidence = z.number().min(0).max(1)
export const sequenceNumber = z.int().min(0).max(9_007_199_254_740_990)
export const versionNumber = z.int().min(1).max(2_147_483_647)

const visible = (text: string) => text.trim() !== ''
export const titleText = cleanText(limits.title, 1).refine(visible, 'must hold more than white space')
export const tagNameText = cleanText(limits.tagName, 1).refine(visible, 'must hold more than white space')

/** A whole number as it stands in a query string. */
export function queryInt(min: number, max: number) {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
}

/** Why `value` cannot be metadata, or undefined: depth, clean text, no key that would reach a prototype. */
export function metadataProblem(value: unknown, depth = 1): string | undefined {
  if (typeof value === 'string') {
    return isCleanText(value) ? undefined : 'must hold neither NUL characters nor lone surrogates'
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > limits.metadataDepth) return `must not be deeper than ${limits.metadataDepth} levels`
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__') return 'must not have the key __proto__'
    const problem = metadataProblem(key, depth) ?? metadataProblem(inner, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Why an object cannot be an item's metadata, its length included; undefined when it can. */
export function metadataObjectProblem(value: Record<string, unknown>): string | undefined {
  return (
    metadataProblem(value) ??
    (Buffer.byteLength(JSON.stringify(value)) > limits.metadataJson
      ? `must not be longer than ${limits.metadataJson} bytes as JSON`
      : undefined)
  )
}

/** Free data of the client: an object of JSON, at most 8 levels deep and 16,384 bytes long. */
export const metadata = z
  .record(z.string(), z.unknown())
  .superRefine((value, context) => {
    const problem = metadataObjectProblem(value)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })
  .meta({ id: 'Metadata', description: 'Free data of the client.' }) as unknown as z.ZodType<JsonObject>

/** A merge patch (RFC 7396) of metadata: null removes a key. The same bounds hold for what comes of it. */
export const mergePatch = z
  .record(z.string(), z.unknown())
  .superRefine((value, context) => {
    const problem = metadataObjectProblem(value)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })
  .meta({
    id: 'MergePatch',
    description: 'Merge patch (RFC 7396): null removes a key.',
  }) as unknown as z.ZodType<JsonObject>

export const jsonValue = z.unknown() as z.ZodType<Json>

/** A query parameter that may be given several times; always a list. */
export function severalOf<Item extends z.ZodType>(item: Item, most = 20) {
  return z
    .union([item, z.array(item).min(1).max(most)])
    .transform((value) => (Array.isArray(value) ? value : [value]) as z.input<Item>[])
    .pipe(z.array(item))
}

/** What every write answers with. `sequence` is what a reader waits for: `min_sequence`. */
export const writeResult = {
  id: entityIdSchema,
  version: versionNumber,
  sequence: sequenceNumber,
  correlationId: z.string().regex(/^[0-9a-f]{32}$/),
}
