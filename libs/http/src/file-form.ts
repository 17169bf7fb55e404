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

const timeKey = 'synapMayTake'

/** For a route's `config`: a request of any kind may take so long, in place of the app's usual time. Milliseconds. */
export function mayTake(deadlineMs: number): FastifyContextConfig {
  return { [timeKey]: deadlineMs } as FastifyContextConfig
}

/** Milliseconds this request may take, when its route says so. */
export function routeDeadline(request: FastifyRequest): number | undefined {
  const config: object = request.routeOptions.config
  return fileFormDeadline(request) ?? (config as Record<string, number>)[timeKey]
}

/** Milliseconds this request may take, when it is a form with a file on a route that takes one. */
function fileFormDeadline(request: FastifyRequest): number | undefined {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return type === formMediaType ? fileFormOf(request.routeOptions.config)?.deadlineMs : undefined
}
