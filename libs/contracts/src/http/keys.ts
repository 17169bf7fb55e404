import { z } from 'zod'
import { scopes } from '../scopes.ts'
import { cleanText, limits } from '../text.ts'
import { timeText, userIdSchema } from './shared.ts'

const keyId = z.uuid()

/** `POST /v1/keys` */
export const createKeyRequest = z
  .strictObject({
    name: cleanText(limits.label, 1),
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
    /** Days until it is over; without it the key holds until it is revoked. */
    expiresInDays: z.int().min(1).max(3_650).optional(),
  })
  .meta({ id: 'CreateKeyRequest' })
export type CreateKeyRequest = z.infer<typeof createKeyRequest>

const keyFields = {
  id: keyId,
  userId: userIdSchema,
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  createdAt: timeText,
  expiresAt: timeText.nullable(),
  revokedAt: timeText.nullable(),
  lastUsedAt: timeText.nullable(),
}

export const keyView = z.strictObject(keyFields).meta({ id: 'ApiKey' })
export type KeyView = z.infer<typeof keyView>

/** `key` is told here and never again: only its hash is kept. */
export const createKeyResponse = z
  .strictObject({ ...keyFields, key: z.string() })
  .meta({ id: 'CreateKeyResponse' })
export type CreateKeyResponse = z.infer<typeof createKeyResponse>

export const keyList = z.strictObject({ items: z.array(keyView) }).meta({ id: 'ApiKeyList' })
export type KeyList = z.infer<typeof keyList>

export const keyParams = z.strictObject({ id: keyId })
