import type { Logger } from '@synap/messaging'
import { type LogEntry, logLevel } from 'kafkajs'

/**
 * kafkajs' log lines onto ours. It logs as errors what it then retries by itself (connection refused, not leader,
 * rebalance), so its errors become warnings and its warnings and infos debug lines; what finally fails reaches us as a
 * rejected promise and is logged there. Sentence and fields only: its stack traces repeat ours.
 */
export function buildLogCreator(
  logger: Logger,
  onLine?: (line: string, fields: Record<string, unknown>) => void,
) {
  return () =>
    ({ level, log, namespace }: LogEntry) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, error, ...rest } = log
      const fields = { namespace, ...rest, ...(error === undefined ? {} : { error: String(error) }) }
      onLine?.(message, fields)
      const sentence = `kafkajs: ${message}`
      if (level === logLevel.ERROR) logger.warn(fields, sentence)
      else logger.debug(fields, sentence)
    }
}
