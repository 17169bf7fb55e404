import type { FastifyContextConfig } from 'fastify'

const longKey = 'synapLongAnswer'
const hourMs = 3_600_000

/**
 * For a route's `config`: once its answer has begun, it may go on for an hour in place of the app's usual time. A client
 * that takes nothing more is still left after the silence of a socket.
 */
export function streamsAnswer(): FastifyContextConfig {
  return { [longKey]: hourMs } as FastifyContextConfig
}

/** Milliseconds that an answer which has begun may go on for; 0 unless the route streams. */
export function longAnswerMs(config: object | undefined): number {
  return (config as Record<string, number> | undefined)?.[longKey] ?? 0
}
