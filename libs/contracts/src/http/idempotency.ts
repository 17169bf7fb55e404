import { z } from 'zod'

/** `Idempotency-Key`: visible ASCII, at most 255 characters. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
