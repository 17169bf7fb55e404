import { createRequire } from 'node:module'
import { describeError, errorClass, SynapError } from '@synap/core'
import {
  type DestinationStream,
  type Logger as PinoLogger,
  type LoggerOptions as PinoOptions,
  pino,
} from 'pino'
import type { PrettyOptions } from 'pino-pretty'
import { readLogLevel } from './config.ts'
import { redactFields, redactText } from './redact.ts'
import { currentTrace } from './trace.ts'

export type Logger = PinoLogger

export interface LoggerOptions {
  /** fatal, error, warn, info, debug, trace or silent; `LOG_LEVEL`, else info. */
  level?: string
  /** Where the lines go; stdout by default, as coloured text when that is a terminal. */
  destination?: DestinationStream
}

/**
 * A logger whose every call is one JSON line: a constant sentence (`msg`) plus fields; a caught error goes into the
 * field `error`. Lines inside a span carry its `trace_id` and `span_id`. Keys, passwords and signatures are replaced,
 * control characters too, and long values cut; content is the caller's to leave out.
 */
export function createLogger(service: string, options: LoggerOptions = {}): Logger {
  const level = options.level ?? readLogLevel()
  return redactingChildren(pino(pinoOptions(service, level), options.destination ?? stdout()))
}

/** What a child is given is written into each of its lines as it is, past the formatters: so it is cleaned here. */
function redactingChildren(logger: Logger): Logger {
  const child = logger.child.bind(logger)
  const redacting = (...[bindings, options]: Parameters<Logger['child']>) =>
    redactingChildren(child(redactFields(bindings), options) as unknown as Logger)
  return Object.assign(logger, { child: redacting })
}

function pinoOptions(service: string, level: string): PinoOptions {
  return {
    level: level in pino.levels.values || level === 'silent' ? level : 'info',
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => {
      const trace = currentTrace()
      return trace === undefined ? {} : { trace_id: trace.traceId, span_id: trace.traceparent.slice(36, 52) }
    },
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => redactFields(withoutErrors(fields)),
    },
    hooks: {
      logMethod(args, method) {
        method.apply(
          this,
          args.map((arg) => (typeof arg === 'string' ? redactText(arg) : arg)) as typeof args,
        )
      },
    },
  }
}

/** Errors at the top level of a line as plain facts; `error` and pino's own `err` alike. */
function withoutErrors(fields: Record<string, unknown>): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    plain[name === 'err' ? 'error' : name] = value instanceof Error ? factsOf(value) : value
  }
  return plain
}

function factsOf(error: Error): Record<string, unknown> {
  if (!(error instanceof SynapError)) {
    return { class: errorClass(error), name: error.name, message: describeError(error), stack: error.stack }
  }
  const facts = { class: error.class, code: error.code, message: describeError(error), ...error.fields }
  // An expected failure says where it happened by its code; only our own mistakes need a stack.
  return error.class === 'bug' ? { ...facts, stack: error.stack } : facts
}

function stdout(): DestinationStream {
  if (!process.stdout.isTTY) return pino.destination({ fd: 1, sync: true })
  // Loaded only for a person who watches: servers never pay for it.
  const pretty = createRequire(import.meta.url)('pino-pretty') as (
    options: PrettyOptions,
  ) => DestinationStream
  return pretty({ sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
}
