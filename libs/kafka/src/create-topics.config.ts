import { readFileSync } from 'node:fs'
import { SynapError } from '@synap/core'

export interface CreateTopicsConfig {
  brokers: string[]
  /** In front of every topic's name; empty but in tests. */
  topicPrefix: string
}

/** `KAFKA_BROKERS` (or `KAFKA_BROKERS_FILE`) and `TOPIC_PREFIX`. Throws one error that lists every problem. */
export function parseCreateTopicsConfig(
  env: Readonly<Record<string, string | undefined>>,
): CreateTopicsConfig {
  const file = env['KAFKA_BROKERS_FILE']
  const text = env['KAFKA_BROKERS'] ?? (file === undefined ? '' : readFileSync(file, 'utf8').trim())
  const topicPrefix = env['TOPIC_PREFIX'] ?? ''
  const problems = []
  if (!/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/.test(text)) {
    problems.push('KAFKA_BROKERS: host:port, separated by commas, is expected')
  }
  if (!/^[a-zA-Z0-9._-]*$/.test(topicPrefix)) {
    problems.push('TOPIC_PREFIX: only letters, digits, dots, underscores and hyphens are allowed')
  }
  if (problems.length > 0) {
    throw new SynapError(problems.join('\n'), { code: 'config.invalid', class: 'configuration' })
  }
  return { brokers: text.split(','), topicPrefix }
}

export const createTopicsConfig = (): CreateTopicsConfig => parseCreateTopicsConfig(process.env)
