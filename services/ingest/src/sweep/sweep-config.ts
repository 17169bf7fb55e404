import { integer } from '@synap/runtime'
import type { z } from 'zod'

/** When objects that nothing refers to leave the store. */
export const sweepConfig = {
  /** Milliseconds since an object was put before it is looked at. */
  sweepAgeMs: integer(0, 31_536_000_000).default(86_400_000),
  /** Milliseconds between two rounds over the store; 0: never. */
  sweepEveryMs: integer(0, 2_592_000_000).default(3_600_000),
}
export type SweepConfig = z.output<z.ZodObject<typeof sweepConfig>>
