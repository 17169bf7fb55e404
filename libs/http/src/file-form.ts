import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import type { z } from 'zod'

interface FileForm {
  schema: z.ZodType
  deadlineMs: number
}

const formKey = 'synapFileForm'
export const formMediaType = 'multipart/form-data'

/**
 * For a route's `config`: it also takes a form with a file, which the handler reads as a stream. `schema` is for the
 * documentation only; such a request may take `deadlineMs` in place of the app's usual time.
 */
export function takesFileForm(schema: z.ZodType, deadlineMs: number): FastifyContextConfig {
  return { [formKey]: { schema, deadlineMs } satisfies FileForm } as FastifyContextConfig
}

export function fileFormOf(config: object | undefined): FileForm | undefined {
  return (config as Record<string, FileForm> | undefined)?.[formKey]
}

/** Milliseconds this request may take, when it is a form with a file on a route that takes one. */
export function fileFormDeadline(request: FastifyRequest): number | undefined {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return type === formMediaType ? fileFormOf(request.routeOptions.config)?.deadlineMs : undefined
}
