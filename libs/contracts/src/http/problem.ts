import { z } from 'zod'
import { problems } from '../problems.ts'

const types = Object.values(problems).map(({ type }) => type)

/** An error answer (RFC 9457). `errors` names every field that is not valid. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'Stable: what programs branch on.', examples: types }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().optional().meta({ description: 'For people.' }),
    instance: z.string().optional(),
    correlationId: z.string().optional().meta({ description: 'Finds the request in traces and logs.' }),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof problemSchema>
