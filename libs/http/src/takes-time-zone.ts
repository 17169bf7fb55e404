import type { FastifyContextConfig } from 'fastify'

const key = 'synapTakesTimeZone'

/** For routes that read `Synap-Time-Zone`: the document of the API names it there. */
export function takesTimeZone(): FastifyContextConfig {
  return { [key]: true } as FastifyContextConfig
}

export function isTimeZoneTaken(config: object | undefined): boolean {
  return (config as Record<string, boolean> | undefined)?.[key] === true
}
